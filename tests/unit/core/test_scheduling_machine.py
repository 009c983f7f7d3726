"""Whatever happens in whatever order: no event is lost, and at most one message that counts is on its way."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from varde.core import scheduling
from varde.core.scheduling import IDLE, Need, Sent
from varde.model.message import LANES, Lane

FAR = 10**9


class OneApplication(RuleBasedStateMachine):
    """A desk, the queue that may lose everything, and workers that may die at any point.

    Time is a counter: an event happens at ``now``; a look that a worker begins later has seen it. ``queue`` and
    ``in_hand`` hold messages as (number, need); a worker reads the present when it begins. Of a commit it knows by the
    message alone, or by its own look when a person asks. A worker that gives up asks for another look.
    """

    def __init__(self) -> None:
        super().__init__()
        self.desk = IDLE
        self.now = 0
        self.number = 0
        self.event_at = 0
        self.gather_at = 0
        self.seen_at = 0
        self.gathered_at = 0
        self.revision = 0
        self.reached = 0
        self.queue: list[tuple[int, Need]] = []
        self.in_hand: list[tuple[int, Need, int, int]] = []
        self.done: list[tuple[int, bool]] = []

    @rule(lane=st.sampled_from(LANES), gather=st.booleans())
    def an_event(self, lane: Lane, gather: bool) -> None:  # noqa: FBT001
        self.now += 1
        self.event_at = self.now
        self.gather_at = self.now if gather else self.gather_at
        self.want(Need(lane=lane, reason=lane.value, gather=gather))

    @rule(lane=st.sampled_from((Lane.WEBHOOK, Lane.POLL)))
    def a_commit(self, lane: Lane) -> None:
        self.now += 1
        self.revision += 1
        self.event_at = self.now
        self.want(Need(lane=lane, reason=lane.value, revisions=(str(self.revision),)))

    @rule()
    def the_same_commit_found_by_a_poll(self) -> None:
        self.want(Need(lane=Lane.POLL, reason="poll", revisions=(str(self.revision),)))

    def want(self, need: Need) -> None:
        self.desk = scheduling.want(self.desk, need)

    @precondition(lambda self: scheduling.due(self.desk))
    @rule()
    def send(self) -> None:
        need = scheduling.due(self.desk)
        assert need
        self.number += 1
        self.desk = scheduling.sent(self.desk, Sent(number=self.number, shard="a", need=need, at_s=self.now))
        self.queue.append((self.number, need))

    @precondition(lambda self: self.queue)
    @rule(data=st.data())
    def a_worker_begins(self, data: st.DataObject) -> None:
        self.begin(*self.queue.pop(data.draw(st.integers(0, len(self.queue) - 1))))

    def begin(self, number: int, need: Need) -> None:
        if number == self.number:
            self.in_hand.append((number, need, self.now, self.revision))

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def a_worker_ends(self, data: st.DataObject) -> None:
        self.end(*self.in_hand.pop(data.draw(st.integers(0, len(self.in_hand) - 1))))

    def end(self, number: int, need: Need, began_at: int, present: int) -> None:
        self.seen_at = max(self.seen_at, began_at)
        self.gathered_at = max(self.gathered_at, began_at) if need.gather else self.gathered_at
        asks = need.lane is Lane.PERSON and not need.revisions
        self.reached = max(self.reached, present if asks else int(need.revisions[0]) if need.revisions else 0)
        self.done.append((number, True))

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def a_worker_gives_up(self, data: st.DataObject) -> None:
        number, *_ = self.in_hand.pop(data.draw(st.integers(0, len(self.in_hand) - 1)))
        self.done.append((number, False))

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def a_done_arrives(self, data: st.DataObject) -> None:
        self.take(*self.done.pop(data.draw(st.integers(0, len(self.done) - 1))))

    def take(self, number: int, concluded: bool) -> None:  # noqa: FBT001
        retry_at_s = 0.0 if concluded else self.now + 1.0
        self.desk = scheduling.done(self.desk, number, concluded=concluded, retry_at_s=retry_at_s)

    @precondition(lambda self: self.desk.retry_at_s)
    @rule()
    def a_timer_rings(self) -> None:
        self.desk = scheduling.rung(self.desk)

    @rule()
    def redis_is_flushed(self) -> None:
        self.queue.clear()
        self.desk = scheduling.lost(self.desk)

    @precondition(lambda self: self.in_hand)
    @rule()
    def the_worker_is_killed(self) -> None:
        self.in_hand.clear()
        self.queue.clear()
        self.desk = scheduling.lost(self.desk)

    @invariant()
    def only_the_newest_number_counts(self) -> None:
        assert self.desk.sent is None or self.desk.sent.number == self.number

    def teardown(self) -> None:
        """Everything runs to its end: each event was then seen by a look that began after it, each commit reached."""
        for _ in range(FAR):
            if scheduling.due(self.desk):
                self.send()
            elif self.queue:
                self.begin(*self.queue.pop(0))
            elif self.in_hand:
                self.end(*self.in_hand.pop(0))
            elif self.done:
                self.take(*self.done.pop(0))
            elif self.desk.retry_at_s:
                self.a_timer_rings()
            else:
                break
        assert self.desk == IDLE
        assert self.seen_at >= self.event_at
        assert self.gathered_at >= self.gather_at
        assert self.reached >= self.revision


OneApplication.TestCase.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
TestNoEventIsLost = OneApplication.TestCase
