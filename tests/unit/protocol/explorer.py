"""Walks every state of a model breadth first, so that what it finds wrong it finds by a shortest way."""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Explored", "Wrong", "explore"]

Some = TypeVar("Some", bound=Hashable)


class Wrong(AssertionError):
    """A state that breaks a property, and the way to it."""


class Explored(NamedTuple):
    """What was walked; ``depth`` is the longest of the shortest ways."""

    states: int
    moves: int
    depth: int
    took_s: float


class _Way(NamedTuple, Generic[Some]):
    before: Some | None
    move: str
    depth: int


def explore(
    start: Some,
    moves: Callable[[Some], Iterable[tuple[str, Some]]],
    wrong: Callable[[Some], str],
    *,
    most: int,
) -> Explored:
    """Walk all states that can be reached.

    Args:
        start: where to begin.
        moves: what may follow a state.
        wrong: what is wrong with a state; empty: nothing.
        most: states; more than that means that the model is not as small as it was thought to be.

    Raises:
        Wrong: with the shortest way to what is wrong, or because there are too many states.
    """
    began_s, count = time.perf_counter(), 0
    ways: dict[Some, _Way[Some]] = {start: _Way(None, "", 0)}
    waiting = deque((start,))
    depth = 0
    while waiting:
        state = waiting.popleft()
        depth = ways[state].depth
        if found := wrong(state):
            raise Wrong(f"{found}\n{_told(state, ways)}")
        for move, after in moves(state):
            count += 1
            if after not in ways:
                ways[after] = _Way(state, move, depth + 1)
                waiting.append(after)
        if len(ways) > most:
            raise Wrong(f"more than {most} states")
    return Explored(len(ways), count, depth, time.perf_counter() - began_s)


def _told(state: Some, ways: dict[Some, _Way[Some]]) -> str:
    lines: list[str] = []
    at: Some | None = state
    while at is not None:
        lines.append(ways[at].move)
        at = ways[at].before
    return "\n".join(f"{number:3} {line}" for number, line in enumerate(reversed(lines)))
