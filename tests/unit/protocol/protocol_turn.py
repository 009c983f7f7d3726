"""A worker's turn, step by step as the worker's own modules take it.

``core.plan`` makes the actions and ``core.resource_version`` their preconditions; the rest mirrors ``handler._tried``,
``desire``, ``gather``, ``reconcile``, ``claims``, ``barrier``, ``run``, ``giving_back``, ``sync`` and ``deletion``.
"""

from collections.abc import Iterator
from functools import cache

from protocol_state import NOBODY, NONE, App, Live, Request, State, Worker, desired, put

from varde.core.desired import normalise
from varde.core.plan import Apply, PlanOptions, plan
from varde.core.resource_version import conditions
from varde.model.resource import Manifest, Rendered

__all__ = ["turn_moves"]

Move = tuple[str, State]
Batches = tuple[tuple[Request, ...], ...]
Action = tuple[int, int, int]


def turn_moves(state: State, index: int) -> Iterator[Move]:
    """What one worker may do next."""
    worker = state.workers[index]
    match worker.step:
        case "idle":
            for message in dict.fromkeys(state.queue):
                queue = tuple(one for one in state.queue if one != message)
                taken = Worker(step="taken", message=message)
                yield f"{index} takes message {message.number}", put(state._replace(queue=queue), index, taken)
        case "taken":
            yield f"{index} reads the application", _read(state, index, worker)
        case "read":
            revision = state.head if state.scope.rules.worker_resolves else worker.message.revision
            yield f"{index} resolves", put(state, index, worker._replace(step="resolved", revision=revision))
        case "resolved":
            yield f"{index} gathers", _gathered(state, index, worker)
        case "gathered":
            yield f"{index} decides", _decided(state, index, worker)
        case _ if not worker.out:
            yield f"{index} goes on from {worker.step}", _answered(state, index, worker)


def _read(state: State, index: int, worker: Worker) -> State:
    if state.app.gone:
        return _done(state, index)
    return put(state, index, worker._replace(step="read", app=state.app))


def _gathered(state: State, index: int, worker: Worker) -> State:
    """``gather``: what message, status and record do not vouch for, and strays; nothing at a first sync."""
    app, contents = worker.app, state.scope.contents
    if app.deleting and _is_held(state, index, app):
        return _done(state, index, again=True)
    wanted = contents[worker.revision]
    strays = worker.message.gather or app.deleting or app.open
    doubted = strays or app.running != NONE
    live: list[Live | None] = []
    for place, content in enumerate(wanted):
        as_applied = content and place in app.known and app.synced != NONE and content == contents[app.synced][place]
        if app.is_new and not app.deleting:
            live.append(None)
        elif as_applied and not doubted:
            live.append(Live(0, 0, content))
        else:
            live.append(state.live[place] if content or place in app.known or strays else None)
    return put(state, index, worker._replace(step="gathered", live=tuple(live)))


def _decided(state: State, index: int, worker: Worker) -> State:
    """``reconcile``, ``deletion.delete`` and ``claims.claim``: tell what was found, or claim."""
    app, rules = worker.app, state.scope.rules
    found = tuple(one.content if one else "" for one in worker.live)
    if found == state.scope.contents[worker.revision] and app.running == NONE and not app.deleting:
        return _observed(state, index, worker)
    if _is_held(state, index, app):
        return _done(state, index, again=True)
    if app.deleting and not any(found):
        return _writes_application(state, index, worker, "tells", app._replace(gone=True))
    if state.lapsed[index] and rules.clock_before_writes:
        return _done(state, index, again=True)
    if worker.message.number < app.number:
        return _done(state, index, again=rules.superseded_asks_again)
    claimed = app._replace(
        holder=index,
        fence=app.fence + 1,
        number=worker.message.number,
        open=True,
        running=app.running if app.deleting else worker.revision,
        known=desired(state, worker.revision) if app.is_new else app.known,
    )
    # What the barrier goes by is the record as it was before.
    return _writes_application(state, index, worker._replace(sure=True), "barrier" if app.open else "claims", claimed)


def _is_held(state: State, index: int, app: App) -> bool:
    """``claims.free``."""
    is_anothers = app.holder not in (NOBODY, index) and not state.lapsed[app.holder]
    return is_anothers and state.scope.rules.lease_before_taking_over


def _observed(state: State, index: int, worker: Worker) -> State:
    after = worker.app._replace(synced=worker.revision, known=desired(state, worker.revision))
    if after == worker.app:
        return _done(state, index, verified=worker.revision)
    return _writes_application(state, index, worker, "tells", after)


def _writes_application(state: State, index: int, worker: Worker, step: str, after: App) -> State:
    request = Request(index, step, NONE, 0, worker.app.version, "", after.running, after.fence, after)
    return _sends(state, index, worker, step, ((request,),))


def _sends(state: State, index: int, worker: Worker, step: str, batches: Batches) -> State:
    """One batch goes out, all of it at once; each write was checked against the clock just before."""
    first, *others = batches
    worker = worker._replace(step=step, todo=tuple(others), out=frozenset(first), again=(), bad="")
    if not worker.sure and any(request.place != NONE for request in first):
        state = state._replace(wrong=f"sent after the Lease had run out: {first[0]}")
    return put(state._replace(net=(*state.net, *first)), index, worker)


def _answered(state: State, index: int, worker: Worker) -> State:  # noqa: PLR0911  each way out is one of Varde's
    """All that was sent has its answer, or is given up: what comes next."""
    match worker.step, worker.bad:
        case "barrier" | "claims" | "tells", "conflict":
            return put(state, index, Worker(step="taken", message=worker.message._replace(gather=True)))
        case "barrier" | "claims" | "tells" | "releases" | "gives back" | "gives back open", "unanswered":
            return _done(state, index, again=True)
        case "tells", _:
            return _done(state, index, verified=worker.revision)
        case "releases" | "gives back" | "gives back open", "conflict":
            # ``claims.release`` reads again: whatever else changed is kept, as long as the claim is ours.
            return _releases(state, index, worker._replace(app=_renewed(state.app, worker.app)), worker.step)
        case "releases", _ if not worker.app.deleting:
            return _done(state, index, verified=worker.revision)
        case "releases" | "gives back" | "gives back open", _:
            return _done(state, index, again=True)
    return _under_claim(state, index, worker)


def _renewed(present: App, claimed: App) -> App:
    ours = not present.gone and (present.holder, present.fence) == (claimed.holder, claimed.fence)
    return present if ours else present._replace(holder=NOBODY)


def _under_claim(state: State, index: int, worker: Worker) -> State:  # noqa: PLR0911  the same
    rules = state.scope.rules
    if worker.bad:
        return _releases(state, index, worker, "gives back open" if worker.bad == "unanswered" else "gives back")
    if not worker.sure and rules.clock_before_writes:
        return _done(state, index, again=True)
    if worker.again:
        return _applied_again(state, index, worker)
    if worker.todo:
        return _sends(state, index, worker, worker.step, worker.todo)
    match worker.step:
        case "barrier" if rules.barrier and any(worker.live):
            touches = (
                Request(index, "touch", place, one.uid, one.version, "", worker.revision, worker.app.fence)
                for place, one in enumerate(worker.live)
                if one
            )
            return _sends(state, index, worker, "claims", (tuple(touches),))
        case "barrier" | "claims":
            if batches := _planned(state, index, worker):
                return _sends(state, index, worker, "acts", batches)
    return _releases(state, index, worker, "releases")


def _applied_again(state: State, index: int, worker: Worker) -> State:
    """``run._apply`` after a 409: the claim is read; then the object, which is applied again as it is now."""
    if _renewed(state.app, worker.app).holder != index:
        return _done(state, index, again=True)
    requests = []
    for refused in worker.again:
        one = state.live[refused.place]
        requests.append(_request(state, index, worker, "apply", (refused.place, *_conditions(one))))
    return _sends(state, index, worker, "acts", (tuple(requests), *worker.todo))


def _conditions(live: Live | None) -> tuple[int, int]:
    asked = conditions(str(live.uid), str(live.version)) if live else conditions("", "")
    return int(asked.get("uid", 0)), int(asked["resourceVersion"])


def _releases(state: State, index: int, worker: Worker, step: str) -> State:
    app = worker.app
    if app.holder != index or (not worker.sure and state.scope.rules.clock_before_writes):
        return _done(state, index, again=True)
    after = app._replace(holder=NOBODY, open=step == "gives back open")
    if step == "releases" and not app.deleting:
        after = after._replace(running=NONE, synced=worker.revision, known=desired(state, worker.revision))
    return _writes_application(state, index, worker, step, after)


def _done(state: State, index: int, *, verified: int = NONE, again: bool = False) -> State:
    """The end of a turn; of an older message than the one that counts the scheduler takes no notice."""
    worker = state.workers[index]
    state = put(state, index, Worker())
    if worker.message.number < state.sent:
        return state
    verified = state.verified if verified == NONE else verified
    gather = state.gather or (again and state.asked_gather)
    return state._replace(sent=0, verified=verified, again=state.again or again, gather=gather)


def _planned(state: State, index: int, worker: Worker) -> Batches:
    if worker.app.deleting:
        deletes = tuple((place, one.uid, one.version) for place, one in enumerate(worker.live) if one)
        batches = [("delete", deletes)]
    else:
        applies, prunes = _actions(state.scope.contents[worker.revision], worker.live)
        batches = [("apply", applies), ("delete", prunes)]
    return tuple(
        tuple(_request(state, index, worker, verb, action) for action in actions)
        for verb, actions in batches
        if actions
    )


def _request(state: State, index: int, worker: Worker, verb: str, action: Action) -> Request:
    """A write with its preconditions, as far as the rules have them; 0: none."""
    rules = state.scope.rules
    place, uid, version = action
    content = state.scope.contents[worker.revision][place] if verb == "apply" else ""
    if verb == "delete":
        uid, version = (uid, version) if rules.conditions_on_deletes else (0, 0)
    elif not uid:
        version = version if rules.creates_only_create else 0
    else:
        version = version if rules.versions_on_writes else 0
        uid = uid if rules.uids_on_writes else 0
    return Request(index, verb, place, uid, version, content, worker.revision, worker.app.fence)


@cache
def _actions(wanted: tuple[str, ...], live: tuple[Live | None, ...]) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """Applies and prunes of ``core.plan``: place, uid and resourceVersion of each."""
    rendered = [Rendered(_config_map(place, text)) for place, text in enumerate(wanted) if text]
    objects = normalise(rendered, destination_namespace="n", namespaced=lambda _group, _kind: True)
    found = {place: _applied(place, one) for place, one in enumerate(live) if one}
    made = plan(
        objects,
        {one.key: found[int(one.key.name)] for one in objects if int(one.key.name) in found},
        tuple(manifest for place, manifest in found.items() if not wanted[place]),
        PlanOptions(prune=True),
    )
    applies, prunes = [], []
    for action in made.actions:
        if isinstance(action, Apply):
            place = int(action.desired.key.name)
            asked = conditions(action.uid, action.resource_version)
            applies.append((place, int(asked.get("uid", 0)), int(asked["resourceVersion"])))
        else:
            prunes.append((int(action.key.name), int(action.uid), int(action.resource_version)))
    return tuple(applies), tuple(prunes)


def _config_map(place: int, content: str) -> Manifest:
    metadata = {"name": str(place), "namespace": "n"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"is": content}}


def _applied(place: int, one: Live) -> Manifest:
    """The object as Varde has applied it, which ``core.diff`` reads off its managedFields."""
    manifest = _config_map(place, one.content)
    entry = {"manager": "varde", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:data": {"f:is": {}}}}
    versions = {"uid": str(one.uid), "resourceVersion": str(one.version), "managedFields": [entry]}
    return {**manifest, "metadata": {**manifest["metadata"], **versions}}
