"""The varde command."""
