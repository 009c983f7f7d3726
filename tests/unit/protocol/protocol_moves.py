"""Everything that may happen next: workers' steps, writes that land, the scheduler, people and faults."""

from collections.abc import Iterator

from protocol_server import landed, without
from protocol_state import Message, State, Worker, put
from protocol_turn import turn_moves

__all__ = ["Move", "moves", "settling"]

Move = tuple[str, State]

IDLE = Worker()


def moves(state: State) -> Iterator[Move]:
    """Every move that may come next, with the state after it."""
    yield from _people(state)
    yield from _scheduler(state)
    yield from _workers(state)
    yield from _faults(state)


def settling(state: State) -> State | None:
    """The state after the next of a fair world's moves, in which nothing fails any more; None: nothing moves.

    Nobody has bad luck for ever, but each message goes to the worker that does not hold the claim, if it may.
    """
    for _, after in (*_landings(state), *_scheduler(state._replace(sends=0))):
        return after
    for index in sorted(range(len(state.workers)), key=lambda at: _ranks_last(state, at)):
        for _, after in turn_moves(state, index):
            return after
    return None


def _ranks_last(state: State, index: int) -> bool:
    is_holder = state.app.holder == index
    return is_holder is not state.scope.rules.holder_is_asked


def _people(state: State) -> Iterator[Move]:
    if state.head + 1 < len(state.scope.contents):
        yield "a push", state._replace(head=state.head + 1)
    if state.scope.deletes and not state.app.deleting:
        app = state.app._replace(deleting=True, version=state.app.version + 1)
        yield "a person deletes the application", state._replace(app=app, again=True)


def _scheduler(state: State) -> Iterator[Move]:
    """``observer``, ``membership``, ``desks``: one message that counts, anew once it is lost."""
    if state.strange:
        yield "a look for strays", _strays_looked_for(state)
    for index, worker in enumerate(state.workers):
        if state.lapsed[index] and worker.step != "dead":
            yield f"{index} renews", state._replace(lapsed=_flagged(state.lapsed, index, on=False))
        if worker.step == "dead" and not state.lapsed[index]:
            yield f"{index} counts as gone", state._replace(lapsed=_flagged(state.lapsed, index, on=True))
    if _is_lost(state):
        gather = state.gather or state.asked_gather
        yield "the message is given up", state._replace(sent=0, again=True, gather=gather)
    elif _is_due(state) and state.sends < state.scope.sends:
        yield "a message", _sent(state)


def _strays_looked_for(state: State) -> State:
    unknown = any(state.live[place] and place not in state.app.known for place in state.strange)
    found = unknown and state.scope.rules.strays_observed
    return state._replace(strange=frozenset(), gather=state.gather or (found and not state.app.gone))


def _is_due(state: State) -> bool:
    is_wanted = state.again or state.gather or (state.head != state.verified and not state.app.deleting)
    return is_wanted and not state.sent and not state.app.gone


def _sent(state: State) -> State:
    number = max(state.number, state.app.number) + 1
    message = Message(number, state.head, state.gather)
    return state._replace(
        queue=(*state.queue, message),
        past=(*state.past, message) if state.faults.replays else (),
        number=number,
        sent=number,
        asked_gather=state.gather,
        sends=state.sends + 1,
        again=False,
        gather=False,
    )


def _is_lost(state: State) -> bool:
    """Whether neither Redis nor a worker that counts as alive has the message; what it was about is wanted again."""
    is_queued = any(message.number == state.sent for message in state.queue)
    is_in_hand = any(
        worker.message.number == state.sent and worker.step not in ("idle", "dead") and not state.lapsed[index]
        for index, worker in enumerate(state.workers)
    )
    return bool(state.sent) and not is_queued and not is_in_hand


def _workers(state: State) -> Iterator[Move]:
    busy = {state.app.holder, *(request.worker for request in state.net)}
    is_fresh_seen = False
    for index, worker in enumerate(state.workers):
        # Workers of which nothing is left anywhere are alike: one stands for all.
        is_fresh = worker == IDLE and index not in busy and not state.lapsed[index]
        if worker.step != "dead" and not (is_fresh and is_fresh_seen):
            yield from turn_moves(state, index)
        is_fresh_seen = is_fresh_seen or is_fresh
    yield from _landings(state)
    for request in dict.fromkeys(state.net):
        if state.workers[request.worker].step == "dead":
            yield f"{request} is lost", without(state, request)


def _landings(state: State) -> Iterator[Move]:
    for request in dict.fromkeys(state.net):
        yield f"{request} lands", landed(state, request)


def _faults(state: State) -> Iterator[Move]:
    faults = state.faults
    for index, worker in enumerate(state.workers):
        if worker.step not in ("idle", "dead"):
            yield from _at_work(state, index, worker)
    if faults.stale and state.head:
        stale = Message(max(state.number, state.app.number) + 2, state.head - 1)
        yield "a paused leader's message", _less(state, "stale")._replace(queue=(*state.queue, stale))
    for message in state.past if faults.replays else ():
        yield f"message {message.number} is back", _less(state, "replays")._replace(queue=(*state.queue, message))
    for place in sorted(state.app.known) if faults.drifts and not state.app.deleting else ():
        if state.live[place]:
            live = (*state.live[:place], None, *state.live[place + 1 :])
            yield f"somebody deletes object {place}", _less(state, "drifts")._replace(live=live, gather=True)
    if faults.flushes and state.queue:
        yield "Redis is flushed", _less(state, "flushes")._replace(queue=())


def _at_work(state: State, index: int, worker: Worker) -> Iterator[Move]:
    faults = state.faults
    if faults.lapses and not state.lapsed[index]:
        lapsed = _less(state, "lapses")._replace(lapsed=_flagged(state.lapsed, index, on=True))
        yield f"the Lease of {index} runs out", put(lapsed, index, worker._replace(sure=False))
    if faults.kills:
        yield f"{index} is killed", put(_less(state, "kills"), index, Worker(step="dead"))
    if faults.timeouts and worker.out:
        given_up = worker._replace(out=frozenset(), again=(), bad="unanswered")
        yield f"{index} waits no longer", put(_less(state, "timeouts"), index, given_up)


def _less(state: State, fault: str) -> State:
    return state._replace(faults=state.faults._replace(**{fault: getattr(state.faults, fault) - 1}))


def _flagged(flags: tuple[bool, ...], index: int, *, on: bool) -> tuple[bool, ...]:
    return (*flags[:index], on, *flags[index + 1 :])
