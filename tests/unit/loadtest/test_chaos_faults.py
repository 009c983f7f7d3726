"""What faults do to files, and whom they pick."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from loadtest.chaos import audit
from loadtest.chaos.faults.fault import target
from loadtest.chaos.faults.git import broken, loose
from loadtest.chaos.takeover import workers_of

from varde.local import git_repositories

NAMES = ("worker-0", "worker-1", "api")


@given(st.floats(min_value=0.0, max_value=1.0))
def test_any_number_from_0_to_1_picks_a_target(pick: float):
    assert target(NAMES, pick) in NAMES


def test_a_commit_that_was_broken_is_whole_again_afterwards(tmp_path: Path):
    path = loose(git_repositories.create(tmp_path, "shop", {"a": b"1"}))
    whole = path.read_bytes()
    with broken(path):
        assert path.read_bytes() != whole
    assert path.read_bytes() == whole


def test_an_application_is_of_the_worker_that_wrote_it_last():
    lines = [wrote("worker-0-1a", "update"), wrote("worker-1-2b", "update"), wrote("worker-0-1a", "get")]
    assert workers_of(audit.parsed(lines).calls) == {"shop": "worker-1"}


def wrote(shard: str, verb: str) -> bytes:
    return (
        f'{{"verb": "{verb}", "requestURI": "/", "userAgent": "varde-worker/{shard}",'
        ' "objectRef": {"resource": "applications", "name": "shop"}, "responseStatus": {"code": 200},'
        ' "requestReceivedTimestamp": "2026-01-01T00:00:00Z", "stageTimestamp": "2026-01-01T00:00:00Z"}'
    ).encode()
