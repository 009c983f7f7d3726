"""One writer per application: every state of small scopes holds the properties, and each rule left out is missed.

``make test`` walks the scopes of ``SMALL``, ``VARDE_PROTOCOL=large`` those of ``LARGE`` as well (minutes, and gigabytes
of memory). ``docs/protocol.md`` has the argument.
"""

import os
import sys
from collections.abc import Callable

import pytest
from explorer import Wrong, explore
from protocol_moves import moves, settling
from protocol_state import Faults, Rules, Scope, State, begin, is_at_rest

SIMPLE = (("a", "a"), ("b", "b"))
HALF = (("a", "a"), ("b", "a"))
REVERTED = (("a", "a"), ("b", ""), ("a", "a"))
"""Revision 2 has an object as before revision 1, so that a late write of revision 1 finds it unchanged."""
REMOVED = (("a", "a"), ("b", "b"), ("b", ""))
ADDED = (("a", ""), ("a", "b"), ("b", ""))
"""What revision 1 adds, revision 2 has no more."""

SMALL = {
    "a worker is killed, the commit is reverted": Scope(REVERTED, Faults(kills=1), sends=3),
    "a worker is killed, what it added is no more in Git": Scope(ADDED, Faults(kills=1), sends=3),
    "a worker is killed, an object is removed": Scope(REMOVED, Faults(kills=1), sends=2),
    "an answer is not waited for": Scope(REVERTED, Faults(timeouts=1), sends=3),
    "a worker is paused past its Lease": Scope(REVERTED, Faults(lapses=1), sends=2),
    "a worker is paused past its Lease while it adds": Scope(ADDED, Faults(lapses=1), sends=2),
    "a leader was paused and Redis brings messages back": Scope(SIMPLE, Faults(stale=1, replays=1), sends=1),
    "a leader was paused while somebody deletes an object": Scope(HALF, Faults(stale=1, drifts=1), sends=1),
    "Redis is flushed": Scope(SIMPLE, Faults(flushes=1, drifts=1), sends=3),
    "a new application is deleted, a worker paused": Scope(SIMPLE, Faults(lapses=1), made=False, deletes=True, sends=1),
    "a new application's worker is killed": Scope(SIMPLE, Faults(kills=1), made=False, sends=3),
}
LARGE = {
    "a worker is paused past its Lease, three messages": Scope(REVERTED, Faults(lapses=1), sends=3),
    "an application is deleted, a worker paused": Scope(SIMPLE, Faults(lapses=1), deletes=True, sends=2),
    "a new application is deleted, a worker killed": Scope(SIMPLE, Faults(kills=1), made=False, deletes=True, sends=2),
    "a leader and a worker are paused": Scope(SIMPLE, Faults(lapses=1, stale=1), sends=1),
    "a leader was paused, messages are superseded": Scope(HALF, Faults(stale=1, drifts=1), sends=2),
}
IS_LARGE = os.environ.get("VARDE_PROTOCOL") == "large"
MOST = 10_000_000
SHORTEST = 10
"""Moves of one turn that writes."""
LONGEST = 300
"""Moves in which a fair world comes to rest from anywhere; far more than any took."""

CAUGHT_BY = {
    "versions_on_writes": "a worker is killed, the commit is reverted",
    "uids_on_writes": "a worker is killed, an object is removed",
    "creates_only_create": "a worker is killed, the commit is reverted",
    "conditions_on_deletes": "a worker is killed, the commit is reverted",
    "clock_before_writes": "a worker is paused past its Lease",
    "lease_before_taking_over": "a leader was paused and Redis brings messages back",
    "versions_on_claims": "a worker is killed, the commit is reverted",
    "worker_resolves": "a leader was paused and Redis brings messages back",
    "barrier": "a worker is killed, the commit is reverted",
    "strays_observed": "a worker is killed, what it added is no more in Git",
    "holder_is_asked": "an answer is not waited for",
    "superseded_asks_again": "a leader was paused while somebody deletes an object",
}


def properties() -> Callable[[State], str]:
    """What is wrong with a state: a property broken by the way to it, or no fair way from it to rest."""
    settles: set[State] = set()

    def wrong(state: State) -> str:
        way: list[State] = []
        at: State | None = state
        while at is not None and at not in settles:
            if at.wrong or len(way) > LONGEST:
                return at.wrong or "it never comes to rest"
            way.append(at)
            following = settling(at)
            if following is None and not is_at_rest(at):
                return f"it comes to rest with the application at {at.app} and objects {at.live}"
            at = following
        settles.update(way)
        return ""

    return wrong


@pytest.mark.parametrize("name", [*SMALL, *(LARGE if IS_LARGE else ())])
def test_no_way_leads_to_an_older_revision_over_a_newer_one_to_two_writers_or_to_a_halt(
    name: str, capsys: pytest.CaptureFixture[str]
):
    walked = explore(begin((SMALL | LARGE)[name]), moves, properties(), most=MOST)
    with capsys.disabled():
        sys.stdout.write(f"\n  {name}: {walked.states} states, {walked.moves} moves, depth {walked.depth}, ")
        sys.stdout.write(f"{walked.took_s:.1f} s")
    assert walked.depth > SHORTEST


@pytest.mark.parametrize("rule", Rules._fields)
def test_without_one_rule_a_way_is_found_that_breaks_a_property(rule: str):
    scope = SMALL[CAUGHT_BY[rule]]._replace(rules=Rules()._replace(**{rule: False}))
    with pytest.raises(Wrong, match=r"(?s)^(?!more than)"):
        explore(begin(scope), moves, properties(), most=MOST)
