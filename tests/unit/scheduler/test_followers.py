"""Where followers stand as answers and workers' ends come in, in every order."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from redis.asyncio import Redis

from varde.core.scheduling import Seen
from varde.model.application import ApplicationSource
from varde.model.inputs import AdvanceAnswer, AdvanceRequest, Head
from varde.model.message import AppKey
from varde.scheduler.followers import Followers
from varde.scheduler.verified import Verified

URL = "https://git.example/fleet.git"
NAMES = ("a", "b", "c")


def seen(name: str, *current: str, sources: int = 1) -> Seen:
    source = ApplicationSource(repo_url=URL, path=name, target_revision="main")
    return Seen(key=AppKey("argocd", name), project="default", sources=(source,) * sources, spec="s", current=current)


def key(name: str) -> AppKey:
    return AppKey("argocd", name)


def followers() -> tuple[Followers, Verified]:
    verified = Verified(Redis())
    return Followers(URL, "default", verified), verified


def at(commit: str, *touched: int) -> AdvanceAnswer:
    return AdvanceAnswer(heads={"main": Head(revision=commit)}, touched=touched)


def look(of: Followers, commit: str, *touched: int) -> list[str]:
    """A look that finds this; the answer is who is to be woken."""
    return [woken.key.name for woken in of.answered(of.request(freshness_s=0), at(commit, *touched), ())]


def test_who_is_at_rest_is_named_once_and_no_more():
    of, verified = followers()
    for name in NAMES:
        of.join(seen(name, "1"))
    first = of.request(freshness_s=0)
    assert first.begins
    assert [subscriber.number for subscriber in first.joined] == [0, 1, 2]
    assert (first.since, first.apart) == ({}, {0: "1", 1: "1", 2: "1"})
    assert of.answered(first, at("1"), ()) == ()
    second = of.request(freshness_s=0)
    assert not second.begins
    assert (second.joined, second.left, second.since, second.apart) == ((), (), {"main": "1"}, {})
    look(of, "2")
    assert [verified.commits(key(name)) for name in NAMES] == [("2",)] * 3


def test_a_request_without_an_answer_is_made_again_whole():
    of, _ = followers()
    of.join(seen("a", "1"))
    first = of.request(freshness_s=0)
    of.join(seen("b", "1"))
    of.leave(key("a"))
    again = of.request(freshness_s=0)
    assert again.begins
    assert ([subscriber.number for subscriber in again.joined], again.left) == ([1], (0,))
    of.answered(first, at("1", 0), ())
    last = of.request(freshness_s=0)
    assert ([subscriber.number for subscriber in last.joined], last.left) == ([1], (0,))


def test_a_lost_session_is_begun_anew_with_all_where_they_stand():
    of, _ = followers()
    of.join(seen("a", "1"))
    look(of, "1")
    before = of.request(freshness_s=0)
    of.begin_anew()
    anew = of.request(freshness_s=0)
    assert anew.begins
    assert anew.session != before.session
    assert ([subscriber.number for subscriber in anew.joined], anew.since, anew.apart) == ([0], {"main": "1"}, {})


def test_a_touched_one_is_shown_where_it_is_until_a_worker_has_brought_it_on():
    of, verified = followers()
    of.join(seen("a", "1"))
    look(of, "1")
    assert look(of, "2", 0) == ["a"]
    assert look(of, "3") == []
    assert verified.commits(key("a")) == ("1",)
    of.done(key("a"), ("2",))
    assert verified.commits(key("a")) == ("3",)
    assert of.request(freshness_s=0).apart == {}


def test_one_whose_worker_fails_stands_where_it_stood_and_is_compared_with_that():
    of, verified = followers()
    of.join(seen("a", "1"))
    look(of, "1")
    look(of, "2", 0)
    of.done(key("a"), ())
    assert verified.commits(key("a")) == ("1",)
    assert of.request(freshness_s=0).apart == {0: "1"}
    assert look(of, "3", 0) == ["a"]


def test_what_a_worker_found_beyond_the_last_look_is_compared_at_the_next():
    of, verified = followers()
    of.join(seen("a", "1"))
    look(of, "1")
    of.done(key("a"), ("2",))
    assert of.request(freshness_s=0).apart == {0: "2"}
    assert verified.commits(key("a")) == ("2",)
    look(of, "2")
    assert of.request(freshness_s=0).apart == {}


def test_what_happens_between_question_and_answer_is_kept():
    of, verified = followers()
    of.join(seen("a", "1"))
    of.join(seen("b", "1"))
    look(of, "1")
    of.done(key("a"), ("0",))
    asked = of.request(freshness_s=0)
    of.done(key("a"), ("9",))
    of.leave(key("b"))
    of.join(seen("c", "1"))
    assert of.answered(asked, at("2", 1), (key("c"),)) == ()
    assert verified.commits(key("a")) == ("9",)
    assert of.request(freshness_s=0).apart == {0: "9", 2: "1"}


def test_a_head_that_cannot_be_told_leaves_everyone_where_they_stand():
    of, verified = followers()
    of.join(seen("a", "1"))
    look(of, "1")
    answer = AdvanceAnswer(heads={"main": Head(error="there is no branch main")})
    assert of.answered(of.request(freshness_s=0), answer, (key("a"),)) == ()
    assert of.keys_at("main") == {key("a")}
    assert of.request(freshness_s=0).since == {"main": "1"}
    assert verified.commits(key("a")) == ("1",)


def test_each_source_of_an_application_stands_for_itself():
    of, verified = followers()
    of.join(seen("a", "1", "1", sources=2))
    assert look(of, "2", 1) == ["a"]
    assert verified.commits(key("a")) == ("2", "1")
    of.done(key("a"), ("2", "2"))
    assert verified.commits(key("a")) == ("2", "2")


class Fleet(RuleBasedStateMachine):
    """Pushes, looks, messages and ends in any order; who reads nothing but the messages ends at the newest inputs."""

    @initialize()
    def begin(self) -> None:
        self.of, self.verified = followers()
        self.history: list[dict[str, int]] = [dict.fromkeys(NAMES, 0)]
        self.on_their_way: dict[str, list[str]] = {name: [] for name in NAMES}
        self.asked: tuple[AdvanceRequest, int] | None = None
        self.brought = dict.fromkeys(NAMES, "")
        for name in NAMES:
            self.of.join(seen(name, ""))
        self.ask()
        self.answer()

    @rule(touched=st.sets(st.sampled_from(NAMES)))
    def push(self, touched: set[str]) -> None:
        before = self.history[-1]
        self.history.append({name: before[name] + (name in touched) for name in NAMES})

    @precondition(lambda self: self.asked is None)
    @rule()
    def ask(self) -> None:
        self.asked = self.of.request(freshness_s=0), len(self.history) - 1

    @precondition(lambda self: self.asked is not None)
    @rule()
    def answer(self) -> None:
        assert self.asked
        (request, head), self.asked = self.asked, None
        touched = [number for number, name in enumerate(NAMES) if self.is_touched(request, number, name, head)]
        for woken in self.of.answered(request, at(str(head), *touched), ()):
            self.on_their_way[woken.key.name].append(self.of.head(woken))

    def is_touched(self, request: AdvanceRequest, number: int, name: str, head: int) -> bool:
        current = request.apart.get(number, request.since.get("main", ""))
        return not current or self.history[int(current)][name] != self.history[head][name]

    @rule(name=st.sampled_from(NAMES), fails=st.booleans())
    def end(self, name: str, fails: bool) -> None:  # noqa: FBT001  Hypothesis gives it
        if not self.on_their_way[name]:
            return
        commit = self.on_their_way[name].pop(0)
        if not fails:
            self.brought[name] = commit
        self.of.done(key(name), () if fails else (commit,))

    @invariant()
    def what_is_said_to_be_current_is(self) -> None:
        for name in NAMES:
            for commit in filter(None, self.verified.commits(key(name))):
                assert self.brought[name]
                assert self.history[int(commit)][name] == self.history[int(self.brought[name])][name]

    @invariant()
    def who_is_behind_the_last_look_has_a_message_or_is_compared_at_the_next(self) -> None:
        request = self.of.request(freshness_s=0)
        if self.asked or "main" not in request.since:
            return
        for number, name in enumerate(NAMES):
            inputs = self.history[int(request.since["main"])][name]
            at_rest = self.brought[name] and self.history[int(self.brought[name])][name] == inputs
            assert at_rest or self.on_their_way[name] or number in request.apart


TestFleet = Fleet.TestCase
