"""Load test of GitOps engines on a real control plane; see README.md. Not part of what is installed."""
