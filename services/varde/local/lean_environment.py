"""What a service's interpreter and C libraries are told at their start, for memory; the image says the same.

The megabytes are of private dirty memory in each process, measured beside 40 of them; ``adapters/lean.py`` is the rest.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path

__all__ = ["lean_environment"]

TOLD: Mapping[str, str] = {
    "PYTHONOPTIMIZE": "2",  # 2.5 MB: docstrings, which nothing asks for in a service
    "PYTHONNODEBUGRANGES": "1",  # 0.3 MB: columns of tracebacks; their lines stay
    "MALLOC_ARENA_MAX": "1",  # 0.3 MB, 0.5 in a worker: threads that share an interpreter lock need no heap each
}
FORBIDS_BYTECODE = "PYTHONDONTWRITEBYTECODE"
NO_BUNDLE = "/dev/null"


def lean_environment(inherited: Mapping[str, str], cache: Path) -> dict[str, str]:
    """An environment for a service.

    Args:
        inherited: what it would be otherwise; what it says of certificates stays.
        cache: folder that Varde keeps; compiled modules go below it (5 MB in a worker that compiles its own, and 2 s).
    """
    lean = {name: value for name, value in inherited.items() if name != FORBIDS_BYTECODE}
    lean |= {**TOLD, "PYTHONPYCACHEPREFIX": str(cache / "bytecode")}
    if _certificates_lie_apart():
        lean.setdefault("SSL_CERT_FILE", NO_BUNDLE)  # 1.6 MB, 3.2 with libgit2: OpenSSL reads all of a bundle at once
    return lean


def _certificates_lie_apart() -> bool:
    """Whether OpenSSL finds each authority by the hash of its name, as on Debian, so that it needs no bundle."""
    folder = ssl.get_default_verify_paths().capath
    return bool(folder) and any(Path(folder).glob("*.0"))
