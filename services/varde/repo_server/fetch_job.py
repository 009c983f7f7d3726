"""What travels over the pipes between ``fetchers`` and a helper process that runs ``fetcher``: one JSON text a line."""

import base64

import msgspec

__all__ = ["Access", "Answer", "FetchFailed", "FetchJob", "Fetched", "Job", "PackJob", "Packed", "Working"]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How a remote is asked; equal accesses may share what was fetched with one of them.

    ``insecure``: take any certificate and any SSH host key. ``proxy``: URL; empty: what the environment says.
    """

    username: str = ""
    password: str = ""
    bearer_token: str = ""
    ssh_private_key: str = ""
    insecure: bool = False
    proxy: str = ""

    @property
    def authorization(self) -> str:
        """The HTTP header's value; empty: none is sent."""
        if self.bearer_token:
            return f"Bearer {self.bearer_token}"
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return f"Basic {pair}" if self.password else ""

    def __repr__(self) -> str:
        """Without secrets, as tracebacks show it."""
        return f"Access(username={self.username!r})"


class FetchJob(msgspec.Struct, frozen=True, kw_only=True, tag="fetch"):
    """Bring one mirror up to its remote's present. ``extra``: full ref names to keep besides branches and tags."""

    mirror: str
    url: str
    access: Access
    extra: tuple[str, ...] = ()


class PackJob(msgspec.Struct, frozen=True, kw_only=True, tag="pack"):
    """Keep one mirror's objects in few files."""

    mirror: str


class Working(msgspec.Struct, frozen=True, tag="working"):
    """The work went on since the last line."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True, tag="fetched"):
    """The remote's refs, all of which the mirror now holds. ``head``: the default branch's ref, or a commit id."""

    refs: dict[str, str]
    head: str


class FetchFailed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """``kind`` is ``credentials``, ``certificate`` or ``other``; ``text`` is libgit2's, and names no secret."""

    kind: str
    text: str


class Packed(msgspec.Struct, frozen=True, kw_only=True, tag="packed"):
    """One pack stands for so many files now; ``error``: why none does."""

    files: int = 0
    error: str = ""


Job = FetchJob | PackJob
Answer = Working | Fetched | FetchFailed | Packed
