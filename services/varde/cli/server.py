"""Where the command finds Varde, and its calls: plain ``http.client``, which starts ten times as fast as others."""

import difflib
import http.client
import os
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from varde.errors import Conflict, Terminal, Transient
from varde.model.message import AppKey
from varde.model.view import AppSummary

__all__ = ["Place", "Server", "find_server", "path_of", "state_file"]

STATE_FILE = Path(".varde") / "varde.json"
TIMEOUT_S = 30.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
UNAUTHORIZED, CONFLICT = 401, 409
ACCEPTED = range(200, 300)
UNAVAILABLE = range(500, 600)
HINTS = 3

Answer = TypeVar("Answer")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A running Varde, as ``.varde/varde.json`` has it; with ``--server`` only the first two are known."""

    url: str
    token: str = ""
    kubeconfig: str = ""
    clone_url: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """The body of an error answer."""

    error: str


def state_file(folder: Path | None = None) -> Path | None:
    """The nearest ``.varde/varde.json``, here or above; None when there is none."""
    here = (folder or Path.cwd()).absolute()
    return next((each / STATE_FILE for each in (here, *here.parents) if (each / STATE_FILE).is_file()), None)


def find_server(server: str | None, token: str | None) -> Place:
    """The Varde to talk to: flags, then ``VARDE_SERVER`` and ``VARDE_TOKEN``, then the nearest state file.

    Args:
        server: the flag's URL.
        token: the flag's token.

    Raises:
        Terminal: none is known, or the file cannot be read.
    """
    url = server or os.environ.get("VARDE_SERVER", "")
    given = token or os.environ.get("VARDE_TOKEN", "")
    if url:
        return Place(url=url, token=given)
    file = state_file()
    if file is None:
        raise Terminal(
            "no Varde is known here: `make up` starts one in this folder, "
            "or name another with --server and --token (VARDE_SERVER, VARDE_TOKEN)"
        )
    try:
        place = msgspec.json.decode(file.read_bytes(), type=Place)
    except (OSError, msgspec.MsgspecError) as error:
        raise Terminal(f"{file} cannot be read: {error}; `make up` writes it anew") from error
    return msgspec.structs.replace(place, token=given) if given else place


class Server:
    """Calls of one Varde's API.

    Args:
        place: where it is.
        timeout_s: of one call.

    Raises:
        Terminal: the address is none, or would show the token to the network.
    """

    def __init__(self, place: Place, *, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(place.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Terminal(f"{place.url} is no URL of a Varde; it looks like http://127.0.0.1:8080")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise Terminal(f"{place.url} would show the token to the network: use https, or kubectl port-forward")
        self._place = place
        self._parts = parts
        self._timeout_s = timeout_s

    def applications(self) -> tuple[AppSummary, ...]:
        """All rows."""
        return self.get("/api/v1/applications", tuple[AppSummary, ...])

    def named(self, name: str) -> AppSummary:
        """The application that a person means by ``name`` or ``namespace/name``.

        Raises:
            Terminal: there is none, or several; names those that are near.
        """
        rows = self.applications()
        found = [row for row in rows if name in (row.name, str(row.key))]
        if len(found) == 1:
            return found[0]
        if found:
            raise Terminal(f"{name} is in several namespaces: {', '.join(str(row.key) for row in found)}")
        raise Terminal(f"there is no application {name}{_meant(name, rows)}")

    def get(self, path: str, kind: type[Answer]) -> Answer:
        """Read."""
        return self._call("GET", path, None, kind)

    def post(self, path: str, body: msgspec.Struct, kind: type[Answer]) -> Answer:
        """Ask for something."""
        return self._call("POST", path, msgspec.json.encode(body), kind)

    def _call(self, method: str, path: str, body: bytes | None, kind: type[Answer]) -> Answer:
        headers = {"Authorization": f"Bearer {self._place.token}", "Content-Type": "application/json"}
        connection = self._connection()
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            url = self._place.url
            raise Transient(f"no Varde answers at {url} ({error}): is it running? `make up` starts it") from error
        finally:
            connection.close()
        if answer.status not in ACCEPTED:
            raise _refusal(answer.status, content)
        return msgspec.json.decode(content, type=kind)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)


def path_of(application: AppKey, rest: str = "") -> str:
    """``/api/v1/applications/<namespace>/<name><rest>``."""
    return f"/api/v1/applications/{quote(application.namespace, safe='')}/{quote(application.name, safe='')}{rest}"


def _meant(name: str, rows: Sequence[AppSummary]) -> str:
    names = [row.name for row in rows]
    near = difflib.get_close_matches(name.rpartition("/")[2], names, n=HINTS)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return "; varde app list names them" if names else "; there is none at all yet"


def _refusal(status: int, content: bytes) -> Terminal | Transient | Conflict:
    try:
        text = msgspec.json.decode(content, type=Refusal).error
    except msgspec.MsgspecError:
        text = content.decode(errors="replace").strip() or f"Varde answered {status}"
    if status == UNAUTHORIZED:
        text = "the token is missing or not good: --token or VARDE_TOKEN sets it; a new `make up` makes a new one"
    if status == CONFLICT:
        return Conflict(text)
    return Transient(text) if status in UNAVAILABLE else Terminal(text)
