"""What a write does when it lands, as the API server was seen to do it (``core.resource_version``), and who is told."""

from protocol_state import CREATE, NOBODY, NONE, Live, Request, State, put

__all__ = ["landed", "without"]


def landed(state: State, request: Request) -> State:
    """The state after a request has reached the API server; its sender has the answer, if it still waits for it."""
    state = without(state, request)
    if request.place == NONE:
        return _application_written(state, request)
    before = state.live[request.place]
    if not _accepts(before, request):
        return _answered(state, request, accepted=False)
    return _answered(_object_written(state, request, before), request, accepted=True)


def without(state: State, request: Request) -> State:
    """The state after a request was lost."""
    at = state.net.index(request)
    return state._replace(net=(*state.net[:at], *state.net[at + 1 :]))


def _application_written(state: State, request: Request) -> State:
    """An update of the whole Application under its resourceVersion."""
    before, after = state.app, request.app
    is_stale = state.scope.rules.versions_on_claims and before.version != request.version
    if before.gone or is_stale:
        return _answered(state, request, accepted=False)
    after = after._replace(version=before.version + 1, deleting=before.deleting)
    if before.holder not in (NOBODY, after.holder) and after.holder != NOBODY and _is_sure(state, before.holder):
        state = state._replace(wrong=f"taken from a worker that was sure of it: {request}")
    state = state._replace(app=after, strange=state.strange | (before.known - after.known))
    if after.synced != before.synced and after.holder == NOBODY:
        floor = tuple(max(one, after.synced) for one in state.floor)
        state = state._replace(floor=floor)
    return _answered(state, request, accepted=True)


def _accepts(before: Live | None, request: Request) -> bool:
    if before is None:
        return request.verb == "apply" and not request.uid
    return request.uid in (0, before.uid) and request.version in (0, before.version)


def _object_written(state: State, request: Request, before: Live | None) -> State:
    """An apply that changes nothing moves no resourceVersion; a touch always does."""
    uids, after = state.uids, before
    if request.verb == "delete":
        after = None
    elif before is None:
        uids += 1
        after = Live(uids, CREATE + 1, request.content)
    elif request.verb == "touch":
        after = before._replace(version=before.version + 1)
    elif before.content != request.content:
        after = before._replace(version=before.version + 1, content=request.content)
    place = request.place
    state = state._replace(live=(*state.live[:place], after, *state.live[place + 1 :]), uids=uids)
    is_first = before is None and request.version in (0, CREATE)
    return state if request.verb == "touch" else _told(_judged(state, request, is_first=is_first), request)


def _judged(state: State, request: Request, *, is_first: bool) -> State:
    """The properties that a write may break; the first create of what is not there is the one exception."""
    place, wrong, late = request.place, state.wrong, state.late
    if is_first:
        late = late if _is_in_time(state, request) else late | {place}
    elif request.fence < state.writer:
        wrong = f"two writers: {request}"
    elif request.revision < state.floor[place]:
        wrong = f"older over newer: {request}"
    newest = max(request.revision, state.floor[place])
    floor = (*state.floor[:place], newest, *state.floor[place + 1 :])
    return state._replace(wrong=wrong, late=late, floor=floor, writer=max(state.writer, request.fence))


def _is_in_time(state: State, request: Request) -> bool:
    """Whether a write lands while the claim that it was sent under still counts."""
    app = state.app
    return (app.holder, app.fence, app.gone) == (request.worker, request.fence, False) and _is_sure(state, app.holder)


def _is_sure(state: State, index: int) -> bool:
    """Whether a worker that claimed goes on writing."""
    worker = state.workers[index]
    return worker.sure and worker.step not in ("idle", "dead")


def _told(state: State, request: Request) -> State:
    """``observer``: tells of a deletion of what the status has; holds what was made against the status, later."""
    place = request.place
    if state.live[place] is None:
        return state._replace(gather=state.gather or (place in state.app.known and not state.app.gone))
    return state._replace(strange=state.strange | {place})


def _answered(state: State, request: Request, *, accepted: bool) -> State:
    worker = state.workers[request.worker]
    if request not in worker.out:
        return state
    worker = worker._replace(out=worker.out - {request})
    place = request.place
    if accepted and place == NONE:
        worker = worker._replace(app=state.app)
    elif accepted:
        worker = worker._replace(live=(*worker.live[:place], state.live[place], *worker.live[place + 1 :]))
    elif place == NONE:
        worker = worker._replace(bad="conflict")
    elif request.verb == "apply" and request.uid:
        worker = worker._replace(again=(*worker.again, request))
    elif request.verb != "delete" or state.live[place]:
        worker = worker._replace(bad=worker.bad or "waits")
    return put(state, request.worker, worker)
