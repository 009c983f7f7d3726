import asyncio
from typing import Any

import pytest

from varde.api.board import QUEUE_LENGTH, REMEMBERED_CHANGES, Board, Dismissed
from varde.api.card import card
from varde.model.message import AppKey
from varde.model.view import Verified


def put(board: Board, name: str, **status: Any) -> None:
    spec = {"project": "default", "destination": {"namespace": name}, "source": {"repoURL": "https://git.example/a"}}
    board.put(key(name), card({"metadata": {"namespace": "argocd", "name": name}, "spec": spec, "status": status}))


def key(name: str) -> AppKey:
    return AppKey("argocd", name)


async def test_a_listener_is_told_of_what_changes_and_of_nothing_else():
    board = Board()
    put(board, "before")
    with board.listener() as listener:
        put(board, "before")
        put(board, "shop")
        put(board, "shop", health={"status": "Degraded"})
        board.remove(key("shop"))
        board.remove(key("shop"))
        told = await listener.changes(timeout_s=1)
    assert [(change.key.name, change.row and change.row.health) for change in told] == [
        ("shop", "Unknown"),
        ("shop", "Degraded"),
        ("shop", None),
    ]
    assert not board.listened_to


async def test_the_commit_it_is_current_up_to_is_shown_whether_it_comes_before_or_after_the_application():
    board = Board()
    board.verify({key("early"): Verified(commits=("a",))})
    put(board, "early")
    put(board, "late")
    with board.listener() as listener:
        board.verify({key("late"): Verified(commits=("b",)), key("early"): Verified(commits=("a",))})
        told = await listener.changes(timeout_s=1)
    assert [change.key.name for change in told] == ["late"]
    assert [row.verified.commits for row in board.rows()] == [("a",), ("b",)]


async def test_nothing_comes_when_nothing_changes():
    with Board().listener() as listener:
        assert await listener.changes(timeout_s=0.01) == ()


async def test_a_slow_listener_is_sent_away_and_the_others_are_not_held_up():
    board = Board()
    with board.listener() as slow, board.listener() as quick:
        for number in range(QUEUE_LENGTH + 1):
            put(board, f"app-{number}")
            await quick.changes(timeout_s=1)
        with pytest.raises(Dismissed):
            await slow.changes(timeout_s=1)


async def test_at_the_end_a_waiting_listener_is_sent_away_at_once():
    board = Board()
    with board.listener() as listener:
        waiting = asyncio.create_task(listener.changes(timeout_s=60))
        await asyncio.sleep(0)
        board.dismiss()
        with pytest.raises(Dismissed):
            await waiting


def test_a_listener_that_comes_again_gets_just_what_it_missed():
    board = Board()
    put(board, "one")
    moment = board.moment
    assert board.since(moment) == ()
    put(board, "two")
    missed = board.since(moment)
    assert missed is not None
    assert [change.key.name for change in missed] == ["two"]


@pytest.mark.parametrize("moment", ["", "another life-1", "-", "x", "{life}-999", "{life}--1", "{life}-1e3"])
def test_a_moment_that_is_not_remembered_gives_everything_anew(moment: str):
    board = Board()
    put(board, "one")
    assert board.since(moment.format(life=board.moment.partition("-")[0])) is None


def test_what_changed_more_than_once_is_missed_once_and_is_as_it_is_now():
    board = Board()
    put(board, "gone")
    moment = board.moment
    put(board, "shop")
    put(board, "other")
    put(board, "shop", health={"status": "Healthy"})
    board.remove(key("gone"))
    missed = board.since(moment)
    assert missed is not None
    assert [(change.key.name, change.row and change.row.health) for change in missed] == [
        ("other", "Unknown"),
        ("shop", "Healthy"),
        ("gone", None),
    ]
    assert missed[-1].id == board.moment


def test_a_moment_too_long_ago_gives_everything_anew():
    board = Board()
    moment = board.moment
    for number in range(REMEMBERED_CHANGES + 1):
        put(board, f"app-{number}")
    assert board.since(moment) is None


def test_an_application_that_cannot_be_read_is_a_row_that_says_why():
    board = Board()
    unreadable = {"metadata": {"namespace": "argocd", "name": "odd"}, "spec": {"project": 7, "destination": {}}}
    board.put(key("odd"), card(unreadable))
    row = board.row(key("odd"))
    assert row is not None
    assert "spec.project" in row.message
    detail = board.detail(key("odd"))
    assert detail is not None
    assert detail.conditions[0].type == "InvalidSpecError"
