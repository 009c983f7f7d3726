"""Kubeconfig files of the local cluster: one for the person, one for each program and service."""

import base64
from pathlib import Path
from typing import Any

import msgspec

from varde.local.certificates import KeyPair
from varde.local.private_files import write_private

__all__ = ["by_certificate", "by_token"]


def by_certificate(path: Path, *, server: str, authority: Path, user: KeyPair) -> Path:
    """Write a kubeconfig whose user has a client certificate; it holds all of it, so that it may be copied away."""
    return _write(
        path,
        {"server": server, "certificate-authority-data": _encoded(authority)},
        {"client-certificate-data": _encoded(user.certificate), "client-key-data": _encoded(user.key)},
    )


def by_token(path: Path, *, cluster: dict[str, Any], token: str) -> Path:
    """Write a kubeconfig whose user has a service-account token.

    Args:
        path: of the file.
        cluster: the ``cluster`` entry of another kubeconfig (server and certificate authority).
        token: the service account's.
    """
    return _write(path, cluster, {"token": token})


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _write(path: Path, cluster: dict[str, Any], user: dict[str, Any]) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "varde", "cluster": cluster}],
        "users": [{"name": "varde", "user": user}],
        "contexts": [{"name": "varde", "context": {"cluster": "varde", "user": "varde"}}],
        "current-context": "varde",
    }
    return write_private(path, msgspec.json.format(msgspec.json.encode(document)))
