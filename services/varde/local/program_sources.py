"""Which programs the local cluster needs and where their makers publish them; versions stand in ``go.mod`` alone."""

import hashlib
import platform
import re
import sys
from pathlib import Path

import msgspec

__all__ = ["MODULES", "Prebuilt", "Source", "required", "sources"]

MODULES = Path(__file__).with_name("programs")
"""One Go module each for Kubernetes, etcd and kwok, as their requirements clash."""
KEY_DIGITS = 8
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
VERSION_VARIABLES = "k8s.io/component-base/version"
"""Without these at the link, kube-apiserver reports v0.0.0-master and clients misjudge it."""


class Prebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the makers publish; ``member`` is the program's path within a ``.tar.gz`` (empty: the file is it)."""

    program: str
    url: str
    checksum_url: str
    member: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One Go module and the programs that come of it; several programs are one file under several names.

    ``go_lock``: requirements file that locks the Go which builds it. ``files``: what else of the module is needed, by
    path within it; kept beside the programs under its own name.
    """

    name: str
    module: Path
    version: str
    package: str
    programs: tuple[str, ...]
    prebuilt: tuple[Prebuilt, ...] = ()
    ldflags: str = "-s -w"
    go_lock: Path = MODULES / "go-requirements.txt"
    files: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Names this very version of this very module: ``kubernetes-v1.37.2-0f3b9c2d``."""
        digest = hashlib.sha256()
        for file in sorted(path for path in self.module.iterdir() if path.suffix in {".mod", ".sum", ".go"}):
            digest.update(file.read_bytes())
        digest.update("".join((self.ldflags, *self.files)).encode())
        return f"{self.name}-{self.version}-{digest.hexdigest()[:KEY_DIGITS]}"


def sources() -> tuple[Source, ...]:
    """All that the local cluster needs, for this machine."""
    return (_kubernetes(), _etcd(), _kwok())


def _kubernetes() -> Source:
    version = required(MODULES / "kubernetes", "k8s.io/kubernetes")
    programs = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    base = f"https://dl.k8s.io/release/{version}/bin/{_platform('/')}"
    prebuilt = tuple(
        Prebuilt(program=program, url=f"{base}/{program}", checksum_url=f"{base}/{program}.sha256")
        for program in programs
    )
    major, minor, _ = version.removeprefix("v").split(".")
    variables = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    ldflags = " ".join(["-s -w", *(f"-X {VERSION_VARIABLES}.{name}={text}" for name, text in variables.items())])
    return Source(
        name="kubernetes",
        module=MODULES / "kubernetes",
        version=version,
        package=".",
        programs=programs,
        prebuilt=prebuilt,
        ldflags=ldflags,
    )


def _etcd() -> Source:
    package = "go.etcd.io/etcd/server/v3"
    version = required(MODULES / "etcd", package)
    base = f"https://github.com/etcd-io/etcd/releases/download/{version}"
    stem = f"etcd-{version}-{_platform('-')}"
    archive = Prebuilt(
        program="etcd", url=f"{base}/{stem}.tar.gz", checksum_url=f"{base}/SHA256SUMS", member=f"{stem}/etcd"
    )
    return Source(
        name="etcd", module=MODULES / "etcd", version=version, package=package, programs=("etcd",), prebuilt=(archive,)
    )


def _kwok() -> Source:
    version = required(MODULES / "kwok", "sigs.k8s.io/kwok")
    url = f"https://github.com/kubernetes-sigs/kwok/releases/download/{version}/kwok-{_platform('-')}"
    program = Prebuilt(program="kwok", url=url, checksum_url=f"{url}.sha256")
    package = "sigs.k8s.io/kwok/cmd/kwok"
    return Source(
        name="kwok", module=MODULES / "kwok", version=version, package=package, programs=("kwok",), prebuilt=(program,)
    )


def required(folder: Path, module: str) -> str:
    """The version of a module that a folder's ``go.mod`` requires."""
    text = (folder / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"{folder / 'go.mod'} does not require {module}")
    return found[1]


def _platform(separator: str) -> str:
    machine = platform.machine().lower()
    return f"{sys.platform}{separator}{MACHINES.get(machine, machine)}"
