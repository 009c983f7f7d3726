"""Who calls, and what they may do with which Application.

Two answers to both: the one local token of ``varde up``, or the cluster's own word. ``varde.api.session`` finds the
token in a request; the routes ask ``may`` before they answer.
"""

import hashlib
import hmac
import time
from collections.abc import Hashable, Iterable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from varde.ports.kube import Cluster

__all__ = ["READ", "WRITE", "Access", "Caller", "ClusterReview", "LocalToken", "listable"]

READ = "get"
LIST = "list"
WRITE = "update"
REMEMBER_S = 10.0
"""How long the cluster's word counts: a right that is taken away ends after at most this."""
REMEMBER_COUNT = 4096

Value = TypeVar("Value")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose token is good; the fields are those of a TokenReview."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class Access(Protocol):
    """Decides for every request."""

    async def caller(self, token: str) -> Caller | None:
        """Whose token this is; None when it is not good. Raises ``Transient`` when nobody can tell now."""
        ...

    async def may(self, caller: Caller, verb: str, namespace: str, name: str = "") -> bool:
        """Whether a caller may do this with an Application, or with all of a namespace (``""``: of the cluster)."""
        ...


async def listable(access: Access, caller: Caller, namespaces: Iterable[str]) -> frozenset[str]:
    """Those of some namespaces whose applications a caller may list; one question where they may list all.

    Args:
        access: decides.
        caller: who asks.
        namespaces: where there are applications.
    """
    asked = frozenset(namespaces)
    if await access.may(caller, LIST, ""):
        return asked
    return frozenset([namespace for namespace in sorted(asked) if await access.may(caller, LIST, namespace)])


class LocalToken:
    """One token that opens everything, for one person on one machine.

    Args:
        token: not empty.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def caller(self, token: str) -> Caller | None:
        """The person at this machine."""
        return Caller(name="local") if hmac.compare_digest(token.encode(), self._token) else None

    async def may(self, caller: Caller, verb: str, namespace: str, name: str = "") -> bool:  # noqa: ARG002
        """Everything."""
        return True


class Remembered(Generic[Value]):
    """The last answers, for ``REMEMBER_S``; the oldest goes when there are too many."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[float, Value]] = {}

    def get(self, question: Hashable) -> Value | None:
        """The answer while it counts."""
        at_s, answer = self._answers.get(question, (float("-inf"), None))
        return answer if time.monotonic() - at_s < REMEMBER_S else None

    def put(self, question: Hashable, answer: Value) -> None:
        """Remember an answer."""
        self._answers.pop(question, None)
        self._answers[question] = (time.monotonic(), answer)
        if len(self._answers) > REMEMBER_COUNT:
            del self._answers[next(iter(self._answers))]


class ClusterReview:
    """The cluster's word: TokenReview for who, SubjectAccessReview on ``applications.argoproj.io`` for what.

    No audience is named, so the API server takes only tokens made for itself. Only good tokens are remembered, by their
    digest.

    Args:
        cluster: the control cluster; needs ``create`` on both reviews.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._callers = Remembered[Caller]()
        self._verdicts = Remembered[bool]()

    async def caller(self, token: str) -> Caller | None:
        """Ask whose token it is."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._callers.get(digest)
        if known is not None:
            return known
        answer = await self._review("authentication.k8s.io", "TokenReview", {"token": token})
        if not answer.get("authenticated"):
            return None
        user = answer["user"]
        caller = Caller(
            name=user["username"],
            uid=user.get("uid", ""),
            groups=tuple(user.get("groups") or ()),
            extra={key: tuple(values) for key, values in (user.get("extra") or {}).items()},
        )
        self._callers.put(digest, caller)
        return caller

    async def may(self, caller: Caller, verb: str, namespace: str, name: str = "") -> bool:
        """Ask what they may do."""
        question = (caller.name, caller.uid, caller.groups, verb, namespace, name)
        known = self._verdicts.get(question)
        if known is not None:
            return known
        what = {"group": "argoproj.io", "resource": "applications", "verb": verb, "namespace": namespace, "name": name}
        spec = {
            "user": caller.name,
            "uid": caller.uid,
            "groups": caller.groups,
            "extra": caller.extra,
            "resourceAttributes": what,
        }
        answer = await self._review("authorization.k8s.io", "SubjectAccessReview", spec)
        allowed = bool(answer.get("allowed"))
        self._verdicts.put(question, allowed)
        return allowed

    async def _review(self, group: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
        body = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
        answer = await self._cluster.post(f"/apis/{group}/v1/{kind.lower()}s", body)
        status: dict[str, Any] = answer.get("status") or {}
        return status
