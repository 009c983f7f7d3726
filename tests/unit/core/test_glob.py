"""Globs match as the guides say, and never take long."""

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.core.glob import glob_matches

GIT = "https://git.example.com"


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", f"{GIT}/a/b", True),
        (f"{GIT}/org/*", f"{GIT}/org/shop", True),
        (f"{GIT}/org/*", f"{GIT}/org/group/shop", False),
        (f"{GIT}/org/**", f"{GIT}/org/group/shop", True),
        (f"{GIT}/org/*", f"{GIT}/organisation/shop", False),
        ("https://*.example.com/**", f"{GIT}/org", True),
        ("https://*/org/shop", f"{GIT}/org/shop", True),
        ("**/shop", f"{GIT}/org/shop", True),
        (f"{GIT}/org/sho?", f"{GIT}/org/shop", True),
        (f"{GIT}/org?shop", f"{GIT}/org/shop", False),
        (f"{GIT}/{{org,team}}/shop", f"{GIT}/team/shop", True),
        (f"{GIT}/{{org,team-{{a,b}}}}/shop", f"{GIT}/team-b/shop", True),
        (f"{GIT}/[a-o]rg/shop", f"{GIT}/org/shop", True),
        (f"{GIT}/[!o]rg/shop", f"{GIT}/org/shop", False),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        ("**x*y", "x/xy", True),
        ("", "", True),
        ("", "a", False),
        ("[a", "[a", True),
        ("{a", "a", False),
    ],
)
def test_a_glob_matches_as_the_guides_say(pattern: str, text: str, matches: bool):  # noqa: FBT001
    assert glob_matches(pattern, text, "/") is matches


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_without_a_separator_it_is_the_shells_glob(pattern: str, text: str):
    assert glob_matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


@given(st.text("ab*?[]{},!\\/-", max_size=12), st.text("ab/", max_size=12))
def test_any_pattern_is_answered(pattern: str, text: str):
    assert glob_matches(pattern, text, "/") in (True, False)


def test_a_pattern_made_to_be_slow_is_not():
    begin = time.perf_counter()
    assert not glob_matches("*a" * 30 + "b", "a" * 500)
    assert time.perf_counter() - begin < 1
