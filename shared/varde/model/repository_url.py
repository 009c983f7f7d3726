"""One normal form for the many spellings of a repository's URL: https, ssh, and scp's ``git@host:path``.

Credentials, project rules and webhooks all compare repositories by it.
"""

import re
from functools import lru_cache

import msgspec

__all__ = ["RepositoryURL", "normal_rule", "parse_url", "same_repository"]

WITH_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/]*)(?P<path>/.*)?")
SCP = re.compile(r"(?P<authority>[^/:]+):(?P<path>[^:].*)")
ADDRESS = re.compile(r"(?P<host>.*?)(?::(?P<port>\d+))?")
DEFAULT_PORTS = {"http": "80", "https": "443", "ssh": "22", "git": "9418"}
SSH_ALIASES = ("ssh.", "altssh.")
"""GitHub, GitLab and Bitbucket serve SSH over port 443 on these names."""
UNSAFE = re.compile(r"[\\?#\x00-\x1f\x7f]|%(?:2e|2f|5c|00)|(?:^|/)\.{1,2}(?:/|$)")
"""Where a client and a rule might read different places: the two must never differ."""

KNOWN = 1024
"""Texts that are read over and over, at 26 µs each: several times for one sync."""


class RepositoryURL(msgspec.Struct, frozen=True, kw_only=True):
    """A repository's place in lower case, without user, default port and ``.git``; a folder has no scheme and host."""

    scheme: str = ""
    host: str = ""
    port: str = ""
    path: str = ""

    def __str__(self) -> str:
        """``https://host:8443/org/name``, as project rules are matched with."""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}{self.path}" if self.scheme else self.path


@lru_cache(KNOWN)
def parse_url(url: str) -> RepositoryURL | None:
    """Read a URL; None when a rule and a Git client could take it for different places (``..``, ``%2f``, ``?``).

    So is one whose normal form reads as another place (``shop.git.git``). The case of the path is dropped as Argo CD
    drops it: the hosts that tell apart by it are the rare ones.
    """
    text = url.strip().lower()
    if not text or UNSAFE.search(text):
        return None
    found = _normal(text)
    return found if _normal(str(found).strip()) == found else None


def normal_rule(glob: str) -> str:
    """A project's glob over URLs in the form that ``str(parse_url(url))`` has."""
    return str(_normal(glob.strip().lower()))


def _normal(text: str) -> RepositoryURL:
    if found := WITH_SCHEME.fullmatch(text):
        scheme = found["scheme"]
    elif found := SCP.fullmatch(text):
        scheme = "ssh"
    else:
        return RepositoryURL(path=text.rstrip("/").removesuffix(".git"))
    address = ADDRESS.fullmatch(found["authority"].rpartition("@")[2])
    host, port = (address["host"], address["port"] or "") if address else ("", "")
    port = "" if port == DEFAULT_PORTS.get(scheme) else port
    return RepositoryURL(scheme=scheme, host=host.rstrip("."), port=port, path="/" + _path(found["path"] or ""))


def _path(path: str) -> str:
    return path.strip("/").removesuffix(".git").rstrip("/")


def same_repository(one: str, other: str) -> bool:
    """Whether two URLs name one repository, whichever way it is reached; for webhooks, never for credentials.

    Ports count only between URLs of one scheme: a host's SSH and HTTPS have different ones.
    """
    left, right = parse_url(one), parse_url(other)
    if left is None or right is None or left.path != right.path:
        return False
    if left.scheme == right.scheme:
        return left.port == right.port and left.host == right.host
    return _web_host(left) == _web_host(right)


def _web_host(url: RepositoryURL) -> str:
    for alias in SSH_ALIASES:
        if url.scheme == "ssh" and url.host.startswith(alias):
            return url.host.removeprefix(alias)
    return url.host
