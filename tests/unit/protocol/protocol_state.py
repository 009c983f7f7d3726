"""The protocol of writes as values: one application, its workers, a network that may be late, the API server.

``protocol_moves`` tells what may happen next, ``protocol_turn`` what a worker does, ``protocol_server`` what a write
does.
"""

from typing import NamedTuple

__all__ = [
    "CREATE",
    "NOBODY",
    "NONE",
    "App",
    "Faults",
    "Live",
    "Message",
    "Request",
    "Rules",
    "Scope",
    "State",
    "Worker",
    "begin",
    "desired",
    "is_at_rest",
    "put",
]

NOBODY = NONE = -1
CREATE = 1
"""``core.resource_version.NEVER``: what an apply carries that only creates."""


class Rules(NamedTuple):
    """What keeps an older state from overwriting a newer one; a mutant lacks one of them."""

    versions_on_writes: bool = True
    uids_on_writes: bool = True
    creates_only_create: bool = True
    conditions_on_deletes: bool = True
    clock_before_writes: bool = True
    lease_before_taking_over: bool = True
    versions_on_claims: bool = True
    worker_resolves: bool = True
    barrier: bool = True
    strays_observed: bool = True
    holder_is_asked: bool = True
    superseded_asks_again: bool = True


class Faults(NamedTuple):
    """How many of each may still happen.

    ``lapses``: a Lease runs out under a worker's hands, which is paused (any worker may take no step for a while) or
    cut off. ``timeouts``: a worker waits no longer for what it sent, which is still on its way. ``stale``: a leader
    that was paused sends a commit of before, under the newest number. ``replays``: Redis brings a message back.
    ``drifts``: somebody deletes an object.
    """

    kills: int = 0
    lapses: int = 0
    timeouts: int = 0
    stale: int = 0
    replays: int = 0
    flushes: int = 0
    drifts: int = 0


class Scope(NamedTuple):
    """What is explored.

    ``contents``: by revision, each object's content (empty: it is not in Git). ``made``: revision 0 is live at the
    beginning; else the application is new. ``deletes``: a person may delete it. ``sends``: messages at most.
    """

    contents: tuple[tuple[str, ...], ...]
    faults: Faults = Faults()
    made: bool = True
    deletes: bool = False
    workers: int = 2
    sends: int = 4
    rules: Rules = Rules()


class Live(NamedTuple):
    """An object in the cluster."""

    uid: int
    version: int
    content: str


class App(NamedTuple):
    """An Application: the claim, its record, and what of the status decides; ``open`` is ``SyncRecord.unanswered``."""

    version: int = 1
    holder: int = NOBODY
    fence: int = 0
    number: int = 0
    open: bool = False
    running: int = NONE
    synced: int = NONE
    known: frozenset[int] = frozenset()
    deleting: bool = False
    gone: bool = False

    @property
    def is_new(self) -> bool:
        return self.synced == NONE and self.running == NONE and not self.known


class Request(NamedTuple):
    """A write on its way: of an object, or of the Application (``place`` is ``NONE``), which then becomes ``app``."""

    worker: int
    verb: str
    place: int
    uid: int
    version: int
    content: str
    revision: int
    fence: int
    app: App = App()

    def __str__(self) -> str:
        place = "" if self.place == NONE else f" of object {self.place}"
        return f"worker {self.worker}'s {self.verb}{place} (revision {self.revision}, fence {self.fence})"


class Message(NamedTuple):
    """``varde.model.message.Wake``; ``gather`` stands for ``strays``, too."""

    number: int
    revision: int
    gather: bool = False


class Worker(NamedTuple):
    """A worker with the turn that it is in.

    ``sure``: ``Membership.still(term)``. ``out``: writes that it waits for. ``again``: applies that met a conflict.
    ``bad``: how else an answer was no success: ``conflict`` (of the Application), ``waits`` or ``unanswered``.
    """

    step: str = "idle"
    sure: bool = True
    message: Message = Message(0, NONE)
    app: App = App()
    revision: int = NONE
    live: tuple[Live | None, ...] = ()
    todo: tuple[tuple[Request, ...], ...] = ()
    out: frozenset[Request] = frozenset()
    again: tuple[Request, ...] = ()
    bad: str = ""


class State(NamedTuple):
    """Everything at one moment.

    ``lapsed``: the workers that others count as gone. ``head``: the newest revision that the repo-server has looked at;
    ``verified``: the one that the scheduler knows the application to be at. ``again``, ``gather``: why it sends.
    ``strange``: objects that the observer is to hold against the status.

    Of the properties: ``floor`` is, by object, the newest revision that was written to it or found in it under a claim;
    ``writer`` the highest fence of which a write has landed; ``late`` the objects that a first create made after that;
    ``wrong`` says what was broken.
    """

    scope: Scope
    faults: Faults
    app: App
    live: tuple[Live | None, ...]
    workers: tuple[Worker, ...]
    lapsed: tuple[bool, ...]
    net: tuple[Request, ...] = ()
    queue: tuple[Message, ...] = ()
    past: tuple[Message, ...] = ()
    head: int = 0
    verified: int = NONE
    number: int = 0
    sent: int = 0
    asked_gather: bool = False
    again: bool = False
    gather: bool = False
    sends: int = 0
    strange: frozenset[int] = frozenset()
    uids: int = 0
    floor: tuple[int, ...] = ()
    writer: int = 0
    late: frozenset[int] = frozenset()
    wrong: str = ""


def begin(scope: Scope) -> State:
    """The state that everything begins in."""
    contents = scope.contents[0]
    live = tuple(Live(at + 1, CREATE + 1, text) if scope.made and text else None for at, text in enumerate(contents))
    synced = 0 if scope.made else NONE
    return State(
        scope=scope,
        faults=scope.faults,
        app=App(synced=synced, known=frozenset(at for at, one in enumerate(live) if one)),
        live=live,
        workers=(Worker(),) * scope.workers,
        lapsed=(False,) * scope.workers,
        verified=synced,
        uids=len(live),
        floor=(synced,) * len(live),
    )


def put(state: State, index: int, worker: Worker) -> State:
    """The state with another value of one worker."""
    return state._replace(workers=(*state.workers[:index], worker, *state.workers[index + 1 :]))


def desired(state: State, revision: int) -> frozenset[int]:
    """The objects that a revision has."""
    return frozenset(at for at, text in enumerate(state.scope.contents[revision]) if text)


def is_at_rest(state: State) -> bool:
    """Whether all is as it should be in the end: the newest revision is live and nobody holds the claim.

    Of a deleted application nothing is left, but for what a first create made after all.
    """
    app, found = state.app, tuple(one.content if one else "" for one in state.live)
    if state.net or any(worker.step not in ("idle", "dead") for worker in state.workers):
        return False
    if app.gone:
        return all(one is None or at in state.late for at, one in enumerate(state.live))
    is_told = (app.holder, app.running, app.synced) == (NOBODY, NONE, state.head)
    return is_told and found == state.scope.contents[state.head]
