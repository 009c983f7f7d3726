"""Takes what a remote sent into a mirror: a small pack's objects as loose ones, then the refs that moved.

``mirror`` runs it in a thread. Objects come before what refers to them, refs last, so that an end in the middle leaves
nothing broken; what is taken in twice is the same.
"""

from collections.abc import Mapping

import pygit2

from varde.repo_server.pack import Object, unpacked
from varde.repo_server.protocol_v2 import PackRefused

__all__ = ["move_refs", "take_in", "unreachable"]

MOST_BYTES = 64 * 2**20
"""Of the objects in one pack and those that its deltas are against."""


def take_in(repository: pygit2.Repository, pack: bytes) -> None:
    """Add a pack's objects.

    Raises:
        PackRefused: it is broken, holds too much, or is against what the mirror does not have.
        pygit2.GitError, OSError: the mirror cannot be written to.
    """
    # The other way round than Git packs: what is referred to lies behind what refers to it.
    for each in reversed(unpacked(pack, lambda name: _known(repository, name), most_bytes=MOST_BYTES)):
        repository.odb.write(each.kind, each.content)


def _known(repository: pygit2.Repository, name: str) -> Object:
    try:
        _, size_bytes = repository.odb.read_header(name)
        if size_bytes > MOST_BYTES:
            raise PackRefused(f"the pack is against {name}, which is large")
        kind, content = repository.odb.read(name)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise PackRefused(f"the pack is against {name}, which is not here") from error
    return Object(int(kind), content)


def unreachable(repository: pygit2.Repository, before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """What moved refs lead to and the mirror does not have."""
    moved = {target for name, target in after.items() if before.get(name) != target}
    return frozenset(target for target in moved if target not in repository)


def move_refs(repository: pygit2.Repository, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Have a mirror's refs be the remote's; those that are gone go first, as they may lie in others' way.

    Raises:
        pygit2.GitError, OSError: the mirror cannot be written to.
    """
    for name in before.keys() - after.keys():
        repository.references.delete(name)
    for name, target in after.items():
        if before.get(name) != target:
            repository.references.create(name, target, force=True)
