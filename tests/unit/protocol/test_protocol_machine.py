"""Larger scopes than can be walked: three workers, four revisions, many faults; long ways, drawn by Hypothesis."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from protocol_moves import moves, settling
from protocol_state import Faults, Scope, State, begin, is_at_rest

CONTENTS = (("a", "a", ""), ("b", "", "c"), ("a", "a", ""), ("a", "b", "c"))
MANY = Faults(kills=2, lapses=4, timeouts=3, stale=2, replays=2, flushes=1, drifts=2)
LONGEST = 500


class Protocol(RuleBasedStateMachine):
    """One application; whatever was drawn, a fair world brings it to rest at the end."""

    state: State

    @initialize(made=st.booleans(), deletes=st.booleans())
    def begin(self, made: bool, deletes: bool) -> None:  # noqa: FBT001
        self.state = begin(Scope(CONTENTS, MANY, made=made, deletes=deletes, workers=3, sends=30))

    @rule(choice=st.integers(0, 10**6), steps=st.integers(1, 20))
    def something_happens(self, choice: int, steps: int) -> None:
        """One move that is drawn, then some that follow from the draw: long ways need few draws."""
        for step in range(steps):
            following = tuple(moves(self.state))
            if not following:
                return
            _, self.state = following[(choice * (2 * step + 1) + step) % len(following)]
            assert not self.state.wrong, self.state.wrong

    @invariant()
    def nothing_is_wrong(self) -> None:
        state = getattr(self, "state", None)
        assert state is None or not state.wrong, state

    def teardown(self) -> None:
        at: State | None = getattr(self, "state", None)
        for _ in range(LONGEST):
            if at is None:
                return
            before, at = at, settling(at)
            assert at is not None or is_at_rest(before), before
            assert at is None or not at.wrong, at
        raise AssertionError("it never comes to rest")


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
