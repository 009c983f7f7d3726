"""Mirrors, fetches, revisions, digests of inputs."""
