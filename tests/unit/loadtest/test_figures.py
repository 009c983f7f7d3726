"""What the load test makes of its measurements."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtest.api_calls import by_verb, difference, of_resource, parsed, total, watches
from loadtest.api_server import _counted
from loadtest.budget import NEIGHBOURS, Told, Watched, budget, differences
from loadtest.comparison import compared, paired, ratio_interval
from loadtest.figures import p95, series, spread
from loadtest.fleet import Shape
from loadtest.git_repository import sent_at_s
from loadtest.growth import line
from loadtest.idle_use import idle_use
from loadtest.markdown import shown, tables
from loadtest.results import Machine, Outcome, Results, Run
from msgspec import structs

from varde.errors import Terminal

EXPOSITION = """\
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",group="",resource="configmaps",subresource="",verb="APPLY"} 5
apiserver_request_total{code="409",component="apiserver",group="",resource="configmaps",subresource="",verb="APPLY"} 1
apiserver_request_total{code="200",group="argoproj.io",resource="applications",subresource="status",verb="PATCH"} 3
apiserver_request_total{code="0",group="argoproj.io",resource="applications",subresource="",verb="WATCH"} 7
apiserver_request_total{code="200",group="coordination.k8s.io",resource="leases",subresource="",verb="PUT"} 9
apiserver_request_total{code="201",group="networking.k8s.io",resource="ipaddresses",subresource="",verb="POST"} 2
apiserver_request_total{code="200",group="",resource="",subresource="/healthz",verb="GET"} 4
apiserver_longrunning_requests{group="argoproj.io",resource="applications",verb="WATCH",version="v1alpha1"} 5
apiserver_longrunning_requests{group="argoproj.io",resource="applications",verb="WATCH",version="v1"} 2
apiserver_longrunning_requests{group="argoproj.io",resource="appprojects",verb="WATCH",version="v1alpha1"} 3
"""


def results(engine: str, *runs: dict[str, float], samples: tuple[float, ...] = ()) -> Results:
    series = {"push_to_live": samples} if samples else {}
    outcomes = [{"all": Outcome(figures=run, samples=series, took_s=1.0)} for run in runs]
    return Results(
        engine=engine,
        engine_version="1",
        seed=1,
        apps=10,
        shape=Shape(applications=10),
        controllers=False,
        unlimited=False,
        machine=Machine(processors=2, memory_bytes=1, kernel="k", python="p"),
        began="2026-01-01T00:00:00+00:00",
        runs=tuple(Run(seed=number, outcomes=one, memory_bytes={}) for number, one in enumerate(outcomes)),
    )


def test_the_95th_percentile_lies_between_its_neighbours() -> None:
    assert p95([float(value) for value in range(101)]) == 95.0
    assert p95([3.0]) == 3.0


def test_a_series_has_its_unit_in_each_name() -> None:
    assert series("push", [1.0, 2.0, 3.0]) == {"push_p50_s": 2.0, "push_p95_s": pytest.approx(2.9), "push_max_s": 3.0}
    assert series("push", []) == {}


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_spread_holds_its_median(values: list[float]) -> None:
    of = spread(values)
    assert of.least <= of.median <= of.most


def test_requests_are_counted_by_verb_and_resource_without_watches_and_heartbeats() -> None:
    calls = parsed(EXPOSITION)
    assert calls == {"APPLY configmaps": 6, "PATCH applications/status": 3}
    assert (by_verb(calls), total(calls)) == ({"APPLY": 6, "PATCH": 3}, 9)


def test_what_the_harness_asked_for_itself_is_taken_off() -> None:
    before = {"POST applications": 2}
    after = {"POST applications": 7, "APPLY configmaps": 6, "GET secrets": 0}
    assert difference(after, before, {"POST applications": 5}) == {"APPLY configmaps": 6}


@pytest.mark.parametrize(
    ("method", "path", "kind", "counted"),
    [
        ("POST", "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications", "application/json", "POST applications"),
        ("PATCH", "/api/v1/namespaces/a/configmaps/b?force=true", "application/apply-patch+yaml", "APPLY configmaps"),
        ("PATCH", "/apis/g/v1/namespaces/a/ks/b/status", "application/merge-patch+json", "PATCH ks/status"),
        ("GET", "/api/v1/configmaps?limit=0", "application/json", "LIST configmaps"),
        ("GET", "/api/v1/namespaces/a", "application/json", "GET namespaces"),
        ("DELETE", "/api/v1/namespaces/a/services", "application/json", "DELETECOLLECTION services"),
    ],
)
def test_the_harness_names_its_requests_as_the_server_counts_them(
    method: str, path: str, kind: str, counted: str
) -> None:
    assert _counted(method, path, kind) == counted


def pushed(phases: dict[str, float], *, late_s: float = 0.0) -> Watched:
    """A push whose trace ends so much later than the watch saw it synced."""
    took_s = sum(phases.values())
    told = Told(start_s=100.0, end_s=100.0 + took_s, phases=phases)
    return Watched(sent_s=100.0, synced_s=100.0 + took_s - late_s, told=told)


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.floats(0.001, 1), min_size=1), min_size=1),
    st.sampled_from([0.5, 0.95]),
)
def test_a_budget_sums_to_the_mean_of_whole_pushes(pushes: list[dict[str, float]], share: float) -> None:
    wholes = sorted(sum(push.values()) for push in pushes)
    of = budget([pushed(push) for push in pushes], share)
    assert of
    summed = sum(of.phases.values())
    assert wholes[0] - 1e-9 <= summed <= wholes[-1] + 1e-9
    assert (of.told_s, of.watched_s) == (pytest.approx(summed), pytest.approx(summed))
    if len(pushes) <= NEIGHBOURS:
        assert any(summed == pytest.approx(whole) for whole in wholes) or len(pushes) > 1


def test_a_push_of_which_nothing_is_told_is_not_counted() -> None:
    silent = Watched(sent_s=1.0, synced_s=2.0, told=None)
    of = budget([silent, pushed({"fetch": 2.0, "apply": 3.0})], 0.5)
    assert of
    assert of.phases == {"apply": 3.0, "fetch": 2.0}
    assert budget([silent], 0.5) is None


def test_what_is_told_is_held_against_what_was_watched() -> None:
    off = differences([pushed({"fetch": 1.5, "apply": 0.5}, late_s=0.4)])
    assert {name: pytest.approx(values) for name, values in off.items()} == {
        "start": (0.0,),
        "end": (0.4,),
        "whole": (0.4,),
        "share": (0.25,),
    }


def test_a_push_was_sent_when_git_says_so_also_just_before_midnight() -> None:
    said = b"23:59:59.500000 http.c:684              => Send header: POST /x.git/git-receive-pack HTTP/1.1\n"
    assert sent_at_s(said, now_s=10 * 86_400 + 0.25) == pytest.approx(10 * 86_400 - 0.5)
    with pytest.raises(Terminal, match="no git-receive-pack"):
        sent_at_s(said.replace(b"POST", b"GET"), now_s=1.0)


def test_idle_use_is_taken_off_with_its_spread() -> None:
    idle = idle_use((0.02, 0.03, 0.04, 0.03), 1.0)
    assert idle.above_s(0.4, 10.0) == pytest.approx(0.1)
    assert 0 < idle.within_s(1.0) < idle.within_s(10.0)
    assert idle_use((0.03, 0.03), 1.0).within_s(10.0) == 0


def test_an_interval_holds_one_for_equal_series_and_not_for_doubled_ones() -> None:
    chance = Random(1)  # noqa: S311  values to compare
    before = [chance.uniform(0.9, 1.1) for _ in range(30)]
    low, high = ratio_interval(before, before) or (0.0, 0.0)
    assert low <= 1.0 <= high
    low, high = ratio_interval(before, [2 * value for value in before]) or (0.0, 0.0)
    assert 1.5 < low <= high < 2.5


def test_rounds_in_turns_are_compared_one_by_one() -> None:
    noisy = (1.0, 2.0, 4.0, 8.0)
    default = results("varde", *({"touch_all_apps_per_s": value} for value in noisy))
    faster = results("varde", *({"touch_all_apps_per_s": 1.02 * value} for value in noisy))
    (row,) = paired(default, faster)
    assert (row.ratio, row.low, row.high, row.verdict) == (*(pytest.approx(1.02),) * 3, "faster")


def test_too_few_values_tell_nothing() -> None:
    assert ratio_interval([1.0, 1.0], [2.0, 2.0, 2.0]) is None
    (row,) = compared(results("a", {"x_s": 1.0}), results("b", {"x_s": 2.0}))
    assert (row.ratio, row.low, row.verdict) == (2.0, None, "cannot tell")


@pytest.mark.parametrize(("figure", "verdict"), [("sync_s", "slower"), ("sync_apps_per_s", "faster")])
def test_more_is_better_for_rates_only(figure: str, verdict: str) -> None:
    before = results("a", *({figure: value} for value in (1.0, 1.01, 1.02)))
    after = results("b", *({figure: value} for value in (3.0, 3.01, 3.02)))
    (row,) = compared(before, after)
    assert row.verdict == verdict


def test_a_series_is_compared_by_all_its_values() -> None:
    before = results("a", {}, samples=(0.1, 0.11, 0.12, 0.1))
    after = results("b", {}, samples=(0.05, 0.06, 0.05, 0.055))
    (row,) = compared(before, after)
    assert (row.name, row.verdict) == ("push_to_live (each)", "faster")


def test_a_table_shows_the_median_and_the_spread_of_several_runs() -> None:
    text = tables([results("varde", *({"push_to_live_p50_s": value} for value in (0.1, 0.2, 0.4)))])
    assert "| push to live, p50 (ms) | at most 100 | 200 (100 to 400) ✗ |" in text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.0123, "0.0123"), (4.564, "4.56"), (98.76, "98.8"), (1234.5, "1,234")]
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert shown(value) == text


def grown(apps: int, *runs: dict[str, float]) -> Results:
    return structs.replace(results("varde", *runs), apps=apps)


def test_growth_is_the_slope_through_all_runs_of_all_sizes() -> None:
    several = [grown(apps, *({"idle_bytes": 3e8 + 9e3 * apps + off} for off in (-1, 1))) for apps in (100, 500, 1000)]
    fit = line(several, "idle_bytes")
    assert fit
    assert (fit.slope, fit.start, fit.r2) == (pytest.approx(9e3), pytest.approx(3e8), pytest.approx(1.0))
    assert "| varde | idle_bytes | 9.00 kB | 1.000 | 1.03 |" in tables(several)


def test_one_size_has_no_growth() -> None:
    assert line([grown(10, {"idle_bytes": 1.0})], "idle_bytes") is None
    assert "growth" not in tables([grown(10, {"idle_bytes": 1.0})])


@given(st.lists(st.tuples(st.sampled_from([100, 500, 1000]), st.floats(1, 1e9)), min_size=1))
def test_a_line_explains_at_most_all_of_the_spread(points: list[tuple[int, float]]) -> None:
    fit = line([grown(apps, {"x_s": value}) for apps, value in sorted(points)], "x_s")
    assert fit is None or fit.r2 <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("figure", "value", "apps", "marked"),
    [
        ("initial_sync_of_raw", 0.7, 10, "| at least 67 | 70.0 ✓ |"),
        ("initial_sync_of_raw", 0.6, 10, "| at least 67 | 60.0 ✗ |"),
        ("initial_sync_calls_per_app", 5.04, 10, "| at most objects + 2 | 5.04 ✓ |"),
        ("peak_rss_bytes", 400e6, 500, "| at most 350 at 500 | 400 ✗ |"),
        ("peak_rss_bytes", 400e6, 1000, "| at most 350 at 500 | 400 |"),
        ("raw_apps_per_s", 120.0, 10, "| raw limit in the same run (applications/s) |  | 120 |"),
    ],
)
def test_a_cell_says_whether_the_aim_is_met(figure: str, value: float, apps: int, marked: str) -> None:
    assert marked in tables([grown(apps, {figure: value})])


def test_controllers_requests_are_not_the_engines() -> None:
    figures = {"initial_sync_calls_per_app": 26.0, "initial_sync_own_object_calls_per_app": 3.0}
    text = tables([structs.replace(grown(10, figures), controllers=True)])
    assert "| at most objects + 2 | 26.0 |" in text
    assert "| at most 2 | 3.00 ✓ |" in text
    assert of_resource({"PUT applications": 2, "PATCH applications/status": 1, "PUT leases": 4}, "applications") == 3


def test_open_watches_of_a_resource_are_counted_over_its_versions() -> None:
    assert (watches(EXPOSITION, "applications"), watches(EXPOSITION, "services")) == (7, 0)
