r"""Globs as Argo CD's projects write them, matched in time that grows with pattern times text, whatever the pattern.

``*`` any run and ``?`` any one character, neither across the separator; ``**`` any run; ``[a-c]``, ``[!a]``, ``{a,b}``
and ``\`` before a character that stands for itself. ``varde.core.tenancy`` uses it.
"""

import functools
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["glob_matches"]

Positions: TypeAlias = frozenset[int]
Step: TypeAlias = Callable[[str, Positions], Positions]
"""Takes the text and the places a match has reached to the places it reaches next."""


def glob_matches(pattern: str, text: str, separator: str = "") -> bool:
    """Whether a glob matches the whole text.

    Args:
        pattern: the glob; one that cannot be read (an open bracket) matches only itself.
        text: what it is matched with.
        separator: a character that ``*`` and ``?`` do not cross; empty: they cross all.
    """
    if pattern in ("*", text):
        return True
    try:
        steps = _compiled(pattern, separator)
    except ValueError:
        return False
    return len(text) in _run(steps, text, frozenset({0}))


def _run(steps: tuple[Step, ...], text: str, positions: Positions) -> Positions:
    for step in steps:
        if not positions:
            break
        positions = step(text, positions)
    return positions


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str, separator: str) -> tuple[Step, ...]:
    """Raises ValueError when brackets are not closed."""
    steps: list[Step] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            across = pattern.startswith("**", at)
            steps.append(_star("" if across else separator))
            at += 2 if across else 1
        elif char == "[":
            end = pattern.index("]", at + 2)
            steps.append(_one_of(pattern[at + 1 : end]))
            at = end + 1
        elif char == "{":
            end = _closing(pattern, at)
            steps.append(_either(tuple(_compiled(part, separator) for part in _parts(pattern[at + 1 : end]))))
            at = end + 1
        else:
            at += char == "\\" and at + 1 < len(pattern)
            steps.append(_other_than(separator) if char == "?" else _exactly(pattern[at]))
            at += 1
    return tuple(steps)


def _one(accepts: Callable[[str], bool]) -> Step:
    return lambda text, positions: frozenset(at + 1 for at in positions if at < len(text) and accepts(text[at]))


def _exactly(char: str) -> Step:
    return _one(lambda found: found == char)


def _other_than(separator: str) -> Step:
    return _one(lambda found: found != separator)


def _one_of(members: str) -> Step:
    wanted = not members.startswith(("!", "^"))
    members = members if wanted else members[1:]
    ranges = [(members[at], members[at + 2]) for at in range(len(members) - 2) if members[at + 1] == "-"]
    return _one(lambda found: (found in members or any(low <= found <= high for low, high in ranges)) == wanted)


def _star(separator: str) -> Step:
    def step(text: str, positions: Positions) -> Positions:
        reached: set[int] = set()
        for start in sorted(positions):
            at = start
            while at not in reached:
                reached.add(at)
                if at < len(text) and text[at] != separator:
                    at += 1
        return frozenset(reached)

    return step


def _either(branches: tuple[tuple[Step, ...], ...]) -> Step:
    return lambda text, positions: frozenset().union(*(_run(branch, text, positions) for branch in branches))


def _closing(pattern: str, start: int) -> int:
    depth = 0
    for at in range(start, len(pattern)):
        depth += {"{": 1, "}": -1}.get(pattern[at], 0)
        if depth == 0:
            return at
    raise ValueError(pattern)


def _parts(inside: str) -> list[str]:
    """The alternatives of a pair of braces; commas of inner braces do not part them."""
    parts, depth = [""], 0
    for char in inside:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts
