"""Up to which commit each application is current, as it lies in Redis: the scheduler writes, the API shows.

Most applications follow a head: the commit at which a repository's targetRevision stood at the last look. A look that
leaves them alone writes that head and none of them.
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from varde.model.view import Verified

__all__ = ["HEADS_KEY", "KEY", "Known", "KnownHead", "head_mark", "resolved"]

KEY = "varde:verified"
"""Hash: ``namespace/name`` → ``Known``."""
HEADS_KEY = "varde:heads"
"""Hash: a head's mark → ``KnownHead``."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One application's commits, one a source, or marks of the heads that stand for them; found at ``at_s`` (Unix)."""

    commits: tuple[str, ...] = ()
    at_s: float = 0.0


class KnownHead(msgspec.Struct, frozen=True, kw_only=True):
    """Where a head stood at its last look, and when that was (Unix seconds)."""

    commit: str
    at_s: float


def head_mark(repository: str, project: str, revision: str) -> str:
    """The mark of a head; a digest, as a repository's URL may carry a password."""
    return "@" + blake2b(f"{repository}\n{project}\n{revision}".encode(), digest_size=12).hexdigest()


def resolved(known: Known, heads: Mapping[str, KnownHead]) -> Verified:
    """What an entry says once the heads stand in for their marks; of a head that is not there, nothing."""
    own = [heads[mark] for mark in known.commits if mark in heads]
    return Verified(
        commits=tuple(
            heads[mark].commit if mark in heads else "" if mark.startswith("@") else mark for mark in known.commits
        ),
        at_s=max([known.at_s, *(head.at_s for head in own)]),
    )
