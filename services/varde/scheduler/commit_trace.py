"""The trace of a commit: what lies between the push and the messages to the applications that it touches.

Written by the look at the repository (``watched``), once it is answered. Each touched application goes on in a trace of
its own, whose id follows from the commit's and its name: a message that is issued twice, by whichever leader, lands in
the same one.
"""

import time

import msgspec

from varde.model.event import Pushed
from varde.model.message import AppKey, Change, Lane
from varde.model.trace import Attributes
from varde.telemetry import names, tracing
from varde.telemetry.traceparent import derived

__all__ = ["by_poll", "by_webhook", "finish", "of_application"]

BRANCH = "refs/heads/"
TAG = "refs/tags/"


def by_webhook(event: Pushed, *, looked_at_s: float, fetch_s: float) -> Change:
    """The change that a look which is answered now was made for.

    Args:
        event: as the webhook told it; its trace began there.
        looked_at_s: when the look began, in Unix seconds.
        fetch_s: how long the fetch took.
    """
    return Change(
        cause=event.traceparent,
        began_at_s=event.pushed_at_s,
        heard_at_s=event.heard_at_s,
        told_at_s=event.told_at_s,
        looked_at_s=looked_at_s,
        answered_at_s=time.time(),
        fetch_s=fetch_s,
    )


def by_poll(*, looked_at_s: float, fetch_s: float) -> Change:
    """The change that a poll found: its trace begins with the look, whose parts are known only now."""
    change = Change(
        cause=tracing.root(),
        began_at_s=looked_at_s,
        looked_at_s=looked_at_s,
        answered_at_s=time.time(),
        fetch_s=fetch_s,
    )
    look = tracing.record("look", parent=change.cause, start_s=looked_at_s, end_s=change.answered_at_s)
    tracing.record("fetch", parent=look, start_s=looked_at_s, end_s=looked_at_s + fetch_s)
    return change


def of_application(change: Change, application: AppKey) -> Change:
    """The same change as one application's, with the trace that it has there."""
    return msgspec.structs.replace(change, traceparent=derived(change.cause, str(application)))


def finish(
    change: Change, lane: Lane, *, repository: str, ref: str, revision: str, followers: int, touched: int
) -> None:
    """Write the root span of the commit's trace.

    Args:
        change: of any application.
        lane: that it came by.
        repository: its URL.
        ref: full name; empty: a poll found that some ref moved.
        revision: that the ref is at; empty: not known.
        followers: applications that follow the repository.
        touched: of these, as many get a message.
    """
    told: Attributes = {
        names.REPOSITORY: repository,
        names.REF: ref.removeprefix(BRANCH).removeprefix(TAG),
        names.REF_TYPE: "tag" if ref.startswith(TAG) else "branch",
        names.REVISION: revision,
    }
    tracing.finish(
        change.cause,
        name="push",
        start_s=change.began_at_s,
        end_s=time.time(),
        attributes={
            **{name: value for name, value in told.items() if value and (ref or name != names.REF_TYPE)},
            names.LANE: lane.value,
            names.RESULT: "success" if touched else "skip",
            names.APPLICATIONS: followers,
            names.TOUCHED: touched,
        },
    )
