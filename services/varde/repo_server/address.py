"""Where a repository is asked for: the URL in an Application, Git's own ``insteadOf``, and what may be shown of it."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import msgspec
import pygit2

from varde.errors import Terminal
from varde.model.repository_url import parse_url

__all__ = ["Address", "address_of", "rewrites"]

INSTEAD_OF = ".insteadof"
NETWORK = frozenset({"http", "https", "ssh"})


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One repository. ``url`` is what is asked, without user and password; ``shown`` is what people know it by."""

    url: str
    shown: str
    username: str = ""
    password: str = ""

    @property
    def is_http(self) -> bool:
        """Whether it is reached over HTTP or HTTPS."""
        return self.url.startswith(("http://", "https://"))

    @property
    def host(self) -> str:
        """Of the server that is asked."""
        place = parse_url(self.url)
        return place.host if place else ""


def rewrites() -> dict[str, str]:
    """``url.<base>.insteadOf`` of Git's configuration for this user and machine: prefix → base.

    The system's is read first, so that the user's wins.
    """
    found: dict[str, str] = {}
    for read in (
        pygit2.Config.get_system_config,
        pygit2.Config.get_xdg_config,
        pygit2.Config.get_global_config,
    ):
        try:
            entries = [(entry.name, entry.value) for entry in read()]
        except OSError:
            continue
        for name, prefix in entries:
            if prefix and name.startswith("url.") and name.endswith(INSTEAD_OF):
                found[prefix] = name.removeprefix("url.").removesuffix(INSTEAD_OF)
    return found


def address_of(url: str, instead_of: Mapping[str, str]) -> Address:
    """Where a URL leads once Git's longest fitting ``insteadOf`` has been applied, as Git applies it: once.

    Raises:
        Terminal: Git and Varde might read different places into it, or it is no URL of a network (which only Git's
            configuration, being the operator's, may lead away from).
    """
    prefix = max(filter(url.startswith, instead_of), key=len, default="")
    asked = instead_of[prefix] + url.removeprefix(prefix) if prefix else url
    place = parse_url(asked)
    if place is None or not (prefix or place.scheme in NETWORK):
        raise Terminal(f"{_without_user(url)} cannot be fetched from; write an https:// or ssh:// URL")
    if place.scheme not in ("http", "https"):
        return Address(url=asked, shown=_without_user(url))
    user = urlsplit(asked)
    return Address(
        url=_without_user(asked),
        shown=_without_user(url),
        username=unquote(user.username or ""),
        password=unquote(user.password or ""),
    )


def _without_user(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    authority, slash, path = rest.partition("/")
    return scheme + separator + authority.rpartition("@")[2] + slash + path
