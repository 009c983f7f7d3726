"""Watches of what Varde manages: drift, health."""
