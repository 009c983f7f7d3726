"""``POST /api/webhook``: a Git host says that a ref moved; the answer never waits for what follows from it.

Decides with ``varde.core.webhook``, starts the change's trace, and leaves the event for the scheduler's leader
(``varde.adapters.scheduler``). A push that is lost on the way is found by the next poll.
"""

import time
from collections.abc import Callable

import structlog
from msgspec import structs
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from varde.api.body import whole_body
from varde.api.hook_settings import HookSettings, HookSettingsWatch
from varde.core.webhook import Host, Push, authentic, host_of, pushed
from varde.errors import Terminal, Transient
from varde.model.event import Event
from varde.telemetry import names, tracing
from varde.telemetry.metrics.services import WEBHOOKS

__all__ = ["Webhook"]

log = structlog.get_logger()

NOTICEABLE_S = 0.001
OUTCOMES = {
    200: "nothing to do",
    202: "taken",
    400: "malformed",
    401: "refused",
    413: "too large",
    503: "unavailable",
}
"""What metrics call an answer."""


class Webhook:
    """Takes GitHub's and GitLab's events.

    Args:
        settings: secrets and bounds.
        post: leaves an event for the scheduler, at once.
        namespace: of Secret ``argocd-secret``, for messages.
    """

    def __init__(self, settings: HookSettingsWatch, post: Callable[[Event], None], *, namespace: str) -> None:
        self._settings = settings
        self._post = post
        self._namespace = namespace

    async def answer(self, request: Request) -> Response:
        """202: taken; 200: nothing to do; 400, 401, 413: refused; 503: come again."""
        host = host_of(request.headers)
        response = await self._answered(host, request)
        WEBHOOKS.add(host.name if host else "unknown", OUTCOMES[response.status_code])
        return response

    async def _answered(self, host: Host | None, request: Request) -> Response:
        arrived_at_s = time.time()
        if host is None:
            return PlainTextResponse("no X-GitHub-Event or X-Gitlab-Event header tells who sends this", status_code=400)
        try:
            settings = self._settings.settings()
            body = await whole_body(request, most_bytes=settings.most_bytes)
            refusal = self._refusal(host, request, body, settings)
        except Transient as error:
            return PlainTextResponse(str(error), status_code=503)
        except Terminal as error:
            return PlainTextResponse(f"{error}; webhook.maxPayloadSizeMB in argocd-cm sets it", status_code=413)
        return refusal or self._take(host, request.headers[host.event_header], body, arrived_at_s)

    def _refusal(self, host: Host, request: Request, body: bytes, settings: HookSettings) -> Response | None:
        """Why the sender is not believed; None when it is."""
        if authentic(host, request.headers, body, settings.secret(host)):
            return None
        if not settings.secret(host):
            place = f"{host.secret_key} in Secret argocd-secret of namespace {self._namespace}"
            return PlainTextResponse(f"no secret is set: put the one that {host.name} uses into {place}", 401)
        log.warning("webhook refused", host=host.name, reason="signature")
        return PlainTextResponse(f"{host.proof_header} does not fit {host.secret_key} of Secret argocd-secret", 401)

    def _take(self, host: Host, kind: str, body: bytes, arrived_at_s: float) -> Response:
        try:
            push = pushed(host, kind, body, arrived_at_s=arrived_at_s)
        except Terminal as error:
            return PlainTextResponse(str(error), status_code=400)
        if push is None:
            return PlainTextResponse(f"{kind}: nothing to do\n")
        told_at_s = time.time()
        traceparent = _traced(push, arrived_at_s, told_at_s)
        self._post(structs.replace(push.event, traceparent=traceparent, heard_at_s=arrived_at_s, told_at_s=told_at_s))
        log.info("push taken", ref=push.event.ref, after=push.event.after, urls=push.event.urls)
        return PlainTextResponse("taken\n", status_code=202)


def _traced(push: Push, arrived_at_s: float, told_at_s: float) -> str:
    """Start the commit's trace with what lies before this service's answer; gives the traceparent of the whole."""
    event = push.event
    root = tracing.root()
    attributes = {names.REPOSITORY: event.urls[0], names.REF: event.ref, names.REVISION: event.after}
    if push.committed_at:
        attributes[names.COMMITTED_AT] = push.committed_at
    if arrived_at_s - event.pushed_at_s > NOTICEABLE_S:
        tracing.record("delivery", parent=root, start_s=event.pushed_at_s, end_s=arrived_at_s)
    tracing.record("webhook", parent=root, start_s=arrived_at_s, end_s=told_at_s, attributes=attributes)
    return root
