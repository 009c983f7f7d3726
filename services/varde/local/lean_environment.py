"""What a service's interpreter and OpenSSL are told at their start, for memory; the image says the same.

The megabytes are of private dirty memory in each process, measured beside 40 of them; ``adapters/lean.py`` is the rest.
"""

import ssl
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from varde.errors import Terminal

__all__ = ["TOLD", "compile_once", "lean_environment"]

TOLD: Mapping[str, str] = {
    "PYTHONOPTIMIZE": "2",  # 2.5 MB: docstrings, which nothing asks for in a service
    "PYTHONNODEBUGRANGES": "1",  # 0.3 MB: columns of tracebacks; their lines stay
}
BYTECODE = "PYTHONPYCACHEPREFIX"
FORBIDS_BYTECODE = "PYTHONDONTWRITEBYTECODE"
NO_BUNDLE = "/dev/null"
"""1.6 MB, twice that with libgit2: OpenSSL reads all of a bundle at once, and of a folder what a server shows."""


def lean_environment(inherited: Mapping[str, str], cache: Path) -> dict[str, str]:
    """An environment for a service.

    Args:
        inherited: what it would be otherwise.
        cache: folder that Varde keeps; compiled modules go below it.
    """
    lean = {name: value for name, value in inherited.items() if name != FORBIDS_BYTECODE}
    lean |= {**TOLD, BYTECODE: str(cache / "bytecode")}
    if _lie_apart(ssl.get_default_verify_paths()):
        lean["SSL_CERT_FILE"] = NO_BUNDLE
    return lean


def compile_once(modules: Iterable[str], environ: Mapping[str, str]) -> None:
    """Have one process compile all that services import, where nothing is compiled yet.

    Services that compile for themselves keep 4 to 9 MB each of what that took.

    Args:
        modules: what is imported.
        environ: of ``lean_environment``.

    Raises:
        Terminal: a module cannot be imported.
    """
    if Path(environ[BYTECODE]).exists():
        return
    code = f"import {', '.join(modules)}"
    imported = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    if imported.returncode:
        raise Terminal(f"Varde's services cannot be imported:\n{imported.stderr}")


def _lie_apart(trusted: ssl.DefaultVerifyPaths) -> bool:
    """Whether the bundle repeats the folder around it, where OpenSSL finds each authority by a hash (as on Debian)."""
    if not trusted.cafile or not trusted.capath:
        return False
    folder = Path(trusted.capath).resolve()
    return Path(trusted.cafile).resolve().parent == folder and any(folder.glob("*.0"))
