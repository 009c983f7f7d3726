"""What the load test makes of its measurements."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtest.api_calls import by_verb, difference, parsed, total
from loadtest.api_server import _counted
from loadtest.budget import NEIGHBOURS, budget
from loadtest.comparison import compared, ratio_interval
from loadtest.figures import p95, series, spread
from loadtest.fleet import Shape
from loadtest.markdown import shown, tables
from loadtest.results import Machine, Outcome, Results, Run
from msgspec import structs

EXPOSITION = """\
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",group="",resource="configmaps",subresource="",verb="APPLY"} 5
apiserver_request_total{code="409",component="apiserver",group="",resource="configmaps",subresource="",verb="APPLY"} 1
apiserver_request_total{code="200",group="argoproj.io",resource="applications",subresource="status",verb="PATCH"} 3
apiserver_request_total{code="0",group="argoproj.io",resource="applications",subresource="",verb="WATCH"} 7
apiserver_request_total{code="200",group="coordination.k8s.io",resource="leases",subresource="",verb="PUT"} 9
apiserver_request_total{code="201",group="networking.k8s.io",resource="ipaddresses",subresource="",verb="POST"} 2
apiserver_request_total{code="200",group="",resource="",subresource="/healthz",verb="GET"} 4
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


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.floats(0.001, 1), min_size=1), min_size=1),
    st.sampled_from([0.5, 0.95]),
)
def test_a_budget_sums_to_the_mean_of_whole_pushes(pushes: list[dict[str, float]], share: float) -> None:
    wholes = sorted(sum(push.values()) for push in pushes)
    summed = sum(budget(pushes, share).values())
    assert wholes[0] - 1e-9 <= summed <= wholes[-1] + 1e-9
    if len(pushes) <= NEIGHBOURS:
        assert any(summed == pytest.approx(whole) for whole in wholes) or len(pushes) > 1


def test_a_push_without_phases_is_not_counted() -> None:
    assert budget([{}, {"fetch": 2.0, "apply": 3.0}], 0.5) == {"apply": 3.0, "fetch": 2.0}
    assert budget([{}], 0.5) == {}


def test_an_interval_holds_one_for_equal_series_and_not_for_doubled_ones() -> None:
    chance = Random(1)  # noqa: S311  values to compare
    before = [chance.uniform(0.9, 1.1) for _ in range(30)]
    low, high = ratio_interval(before, before) or (0.0, 0.0)
    assert low <= 1.0 <= high
    low, high = ratio_interval(before, [2 * value for value in before]) or (0.0, 0.0)
    assert 1.5 < low <= high < 2.5


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
    assert "| push to live, p50 (ms) | at most 100 | 200 (100 to 400) |" in text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.0123, "0.0123"), (4.564, "4.56"), (98.76, "98.8"), (1234.5, "1,234")]
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert shown(value) == text


def test_growth_is_told_between_two_sizes_of_an_engine() -> None:
    small, large = (results("varde", {"idle_bytes": held, "push_calls": 5.0}) for held in (300e6, 309e6))
    large = structs.replace(large, apps=1_000 + small.apps)
    assert "| varde | 1010 |  | 5.00 |  |  | 309 | 9.00 |" in tables([small, large])
    assert "growth" not in tables([small])
