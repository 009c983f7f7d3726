"""What the other services tell the scheduler's leader, over ``POST /v1/events``: a JSON array of these."""

import msgspec

from varde.model.message import AppKey
from varde.model.resource import ResourceKey

__all__ = ["AccessChanged", "Done", "Drifted", "Event", "HealthChanged", "Pushed"]


class Pushed(msgspec.Struct, frozen=True, kw_only=True, tag="pushed"):
    """A Git host says that a ref moved. From the API's webhook.

    ``urls`` are all spellings of the repository that the payload holds; ``ref`` is ``refs/heads/main``;
    ``pushed_at_s`` is the payload's time of the push, else the webhook's arrival, ``heard_at_s``; ``told_at_s`` is when
    this event was made of it. ``traceparent`` is the root of the commit's trace.
    """

    urls: tuple[str, ...]
    ref: str
    before: str = ""
    after: str = ""
    pushed_at_s: float
    heard_at_s: float = 0.0
    told_at_s: float = 0.0
    traceparent: str = ""


class AccessChanged(msgspec.Struct, frozen=True, kw_only=True, tag="access"):
    """How a repository is reached became another: a Secret with its credentials came, changed or went.

    From the repo-server, once it goes by it. ``url``: of the repository, or what the URLs of several begin with.
    """

    url: str


class Drifted(msgspec.Struct, frozen=True, kw_only=True, tag="drifted"):
    """Somebody else changed or deleted an object that Varde keeps. From the observer.

    ``stray``: it bears the application's name, and the application's status does not know it.
    """

    application: AppKey
    resource: ResourceKey
    what: str
    seen_at_s: float
    stray: bool = False


class HealthChanged(msgspec.Struct, frozen=True, kw_only=True, tag="health"):
    """An object's health status became another. From the observer."""

    application: AppKey
    resource: ResourceKey
    status: str
    seen_at_s: float


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """A worker has finished with a message. From the worker.

    ``verified`` holds the commits up to which the application is now known to be current;
    ``retry_after_s`` asks for another message then, unless something else wakes the application first.
    """

    application: AppKey
    number: int
    shard: str
    outcome: str
    verified: tuple[str, ...] = ()
    retry_after_s: float | None = None


Event = Pushed | AccessChanged | Drifted | HealthChanged | Done
