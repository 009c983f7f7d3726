"""Where a process's own cgroup is to be read: from ``/proc/self/cgroup`` and ``/proc/self/mountinfo``, pure.

Right on version 1, version 2 and both at once (hybrid), and inside a container, where the mount may show only a part
of the tree (its root is then the container's own group) and a namespace may show the group as ``/``. See cgroups(7)
and cgroup_namespaces(7).
"""

import re
from collections.abc import Iterator

import msgspec

__all__ = ["Group", "Hidden", "cpu_group", "unified_group"]

OCTAL = re.compile(r"\\([0-7]{3})")
SEPARATOR = "-"
FIRST_OPTIONAL_FIELD = 6


class Hidden(Exception):
    """The kernel, or the container around this process, does not show it; the text says what is not there."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A cgroup's folder; ``mount`` is the highest folder above it that can be seen here."""

    version: int
    folder: str
    mount: str


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A mounted hierarchy: ``root`` is the group that its mount point shows."""

    root: str
    point: str
    kind: str
    options: frozenset[str]


def cpu_group(cgroup: str, mountinfo: str) -> Group:
    """The group whose quota holds this process: version 1's where its cpu controller is in use, else version 2's.

    Args:
        cgroup: text of ``/proc/self/cgroup``.
        mountinfo: text of ``/proc/self/mountinfo``.

    Raises:
        Hidden: no mount shows it.
    """
    for controllers, path in _memberships(cgroup):
        if "cpu" in controllers:
            mounts = [mount for mount in _mounts(mountinfo) if mount.kind == "cgroup" and "cpu" in mount.options]
            return _shown(1, path, mounts)
    return unified_group(cgroup, mountinfo)


def unified_group(cgroup: str, mountinfo: str) -> Group:
    """The group of version 2 that this process is in.

    Raises:
        Hidden: there is none, or no mount shows it.
    """
    for controllers, path in _memberships(cgroup):
        if not controllers:
            return _shown(2, path, [mount for mount in _mounts(mountinfo) if mount.kind == "cgroup2"])
    raise Hidden("this process is in no cgroup with a cpu controller")


def _memberships(cgroup: str) -> Iterator[tuple[frozenset[str], str]]:
    """Controllers and path of each line; version 2's line names no controllers."""
    for line in cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        yield frozenset(filter(None, controllers.split(","))), path


def _mounts(mountinfo: str) -> Iterator[Mount]:
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        kind_at = fields.index(SEPARATOR, FIRST_OPTIONAL_FIELD) + 1
        yield Mount(
            root=_unescaped(fields[3]),
            point=_unescaped(fields[4]),
            kind=fields[kind_at],
            options=frozenset(fields[kind_at + 2].split(",")),
        )


def _unescaped(path: str) -> str:
    return OCTAL.sub(lambda found: chr(int(found[1], 8)), path)


def _shown(version: int, path: str, mounts: list[Mount]) -> Group:
    for mount in mounts:
        below = _below(path, mount.root)
        if below is not None:
            return Group(version=version, folder=mount.point + below, mount=mount.point)
    where = f"its cgroup {path} is outside what is mounted here" if mounts else "no cgroup file system is mounted here"
    raise Hidden(where)


def _below(path: str, root: str) -> str | None:
    """The path from a mount's root on, with its leading slash; None when the mount does not show it."""
    base = root.rstrip("/")
    if path.rstrip("/") == base:
        return ""
    rest = path[len(base) :] if path.startswith(f"{base}/") else None
    # Above the namespace's own root the kernel writes "..": such a group has no folder here.
    return None if rest is None or rest.startswith("/..") else rest
