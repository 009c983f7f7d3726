"""What an API server's error answers mean to Varde; Secret values never get into a message."""

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from varde.errors import Conflict, Terminal, Transient, VardeError
from varde.ports.kube import Expired

__all__ = ["Unserved", "mask", "refusal", "secret_texts"]

MASK = "++++++++"
PASSING = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY}
    | {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.INTERNAL_SERVER_ERROR}
)
MISFITS = ("failed to create typed patch object", "failed to convert new object")
"""Server-side apply answers 500 for an object that does not fit its schema (seen with 1.37.2)."""
UNFIT_PATCH = "the server rejected our request due to an error in our request"
"""All that is said (422) of a JSON patch whose ``test`` failed or whose path is not there."""
TEXT_LIMIT = 2000
"""Characters of an API message that are kept: it goes into an Application's status."""


class Unserved(Terminal):
    """The server does not know the path: the kind's definition, or this version of it, is gone."""


class _Cause(msgspec.Struct, frozen=True, kw_only=True):
    reason: str = ""


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    causes: tuple[_Cause, ...] = ()
    retry_after_s: int | None = msgspec.field(default=None, name="retryAfterSeconds")


class _Status(msgspec.Struct, frozen=True, kw_only=True):
    """The API's ``Status`` object, as far as it decides something."""

    message: str = ""
    reason: str = ""
    details: _Details = _Details()


def refusal(status: int, body: bytes, *, what: str, headers: Mapping[str, str], secrets: tuple[str, ...]) -> VardeError:
    """The error that an answer stands for.

    Args:
        status: of HTTP.
        body: a ``Status`` object, or text of a proxy in between.
        what: the call and its object: ``apply of Deployment web/shop``.
        headers: of the answer, for Retry-After.
        secrets: texts that must not be repeated.

    Returns:
        Transient for what passes by itself, Conflict for 409, Expired for 410, Unserved for an unknown path, else
        Terminal.
    """
    answer = _decoded(body)
    said = mask(answer.message, secrets)[:TEXT_LIMIT]
    text = f"{what}: {status} {answer.reason or _phrase(status)}: {said}"
    if status == HTTPStatus.CONFLICT or UNFIT_PATCH in answer.message:
        return Conflict(text)
    if status == HTTPStatus.GONE:
        return Expired(text)
    if status == HTTPStatus.NOT_FOUND and not answer.reason:
        return Unserved(f"{what}: the cluster does not serve this kind and version any more")
    # A namespace that is going away refuses new objects with 403 until it is gone and may be made again.
    leaving = any(cause.reason == "NamespaceTerminating" for cause in answer.details.causes)
    if any(phrase in answer.message for phrase in MISFITS):
        return Terminal(f"{what}: {_fields(said)}; correct or remove it in Git")
    if status in PASSING or leaving:
        return Transient(text, retry_after_s=_retry_after_s(answer, headers))
    return Terminal(text)


def _decoded(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except msgspec.MsgspecError:
        return _Status(message=body[:TEXT_LIMIT].decode(errors="replace").strip())


def _fields(said: str) -> str:
    """The fields that do not fit, and why, without the API server's own words around them."""
    _, found, fields = said.partition("): ")
    lines = (fields if found else said).removeprefix("errors:").splitlines()
    return "; ".join(line.strip() for line in lines if line.strip())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def _retry_after_s(answer: _Status, headers: Mapping[str, str]) -> float | None:
    given = headers.get("Retry-After", "")
    if given.isdecimal():
        return float(given)
    return float(answer.details.retry_after_s) if answer.details.retry_after_s is not None else None


def mask(text: str, secrets: tuple[str, ...]) -> str:
    """The text without any of the secrets."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def secret_texts(kind: str, body: Any) -> tuple[str, ...]:
    """Every spelling in which a request's Secret values could come back, longest first; empty for other kinds.

    Args:
        kind: of the object that the request is about.
        body: a Secret (whole or patch), or a list of JSON patch operations on one.
    """
    if kind != "Secret":
        return ()
    if isinstance(body, dict):
        parts = [body.get("data"), body.get("stringData")]
    else:
        parts = [operation.get("value") for operation in body]
    found = {spelling for value in _leaves(parts) for spelling in _spellings(value)}
    return tuple(sorted(found - {""}, key=len, reverse=True))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)


def _spellings(value: str) -> Iterator[str]:
    plain = [value]
    # Not base64, not ASCII, or not text once decoded: then there is no such spelling.
    with contextlib.suppress(ValueError):
        plain.append(base64.b64decode(value, validate=True).decode())
    for text in plain:
        yield text
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield base64.b64encode(text.encode()).decode()
        yield from text.splitlines()
