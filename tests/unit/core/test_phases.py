from hypothesis import given
from hypothesis import strategies as st

from varde.core.phases import OTHER, WAIT_FOR_HEALTH, Phase, phases, times, whole
from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace

SHOP, CART = AppKey("argocd", "shop"), AppKey("argocd", "cart")
BEGAN_S = 1_790_000_000.0


def span(name: str, begin: float, end: float, parent: str = "root", app: AppKey | None = SHOP) -> StoredSpan:
    return StoredSpan(
        name=name,
        trace_id="t",
        span_id="root" if name == "converge" else f"{name} {begin}",
        parent_id="" if name == "converge" else parent,
        start_s=BEGAN_S + begin,
        end_s=BEGAN_S + end,
        application=app,
    )


def trace(*spans: StoredSpan) -> Trace:
    return Trace(id="t", spans=spans)


def told(found: tuple[Phase, ...]) -> dict[str, float]:
    return {phase.name: round(phase.seconds, 3) for phase in found}


PUSH = trace(
    span("converge", 0, 10),
    span("fetch", 1, 2, app=None),
    span("reconcile", 2.5, 6),
    span("render", 3, 4, parent="reconcile 2.5"),
    span("status", 5, 6, parent="reconcile 2.5"),
    span(WAIT_FOR_HEALTH, 5, 10),
)


def test_each_moment_belongs_to_the_deepest_open_part_and_gaps_to_what_is_around_them():
    assert told(phases(PUSH, SHOP)) == {
        OTHER: 1.5,
        "fetch": 1,
        "reconcile": 1.5,
        "render": 1,
        "status": 1,
        WAIT_FOR_HEALTH: 4,
    }


def test_synced_is_when_the_turn_that_synced_has_written_the_status():
    assert (times(PUSH).synced_s, times(PUSH).healthy_s) == (6, 10)
    assert WAIT_FOR_HEALTH not in told(phases(PUSH, until="synced"))
    assert sum(told(phases(PUSH, until="synced")).values()) == 6


def test_what_is_healthy_once_it_is_synced_has_one_time():
    quick = trace(span("converge", 0, 2), span("reconcile", 0, 1.5))
    assert (times(quick).synced_s, times(quick).healthy_s) == (2, 2)


def test_without_the_root_there_is_no_budget_yet():
    unfinished = trace(*PUSH.spans[1:])
    assert (whole(unfinished), phases(unfinished), times(unfinished).healthy_s) == (None, (), None)


def test_a_part_of_another_application_and_what_lies_outside_the_whole_take_no_time():
    changed = trace(span("converge", 0, 2), span("render", 0, 1, app=CART), span("fetch", -3, 1), span("late", 5, 9))
    assert told(phases(changed, SHOP)) == {"fetch": 1, OTHER: 1}


def test_a_part_whose_parent_never_came_counts_as_the_wholes_own():
    assert told(phases(trace(span("converge", 0, 2), span("render", 0, 1, parent="lost")))) == {"render": 1, OTHER: 1}


at_s = st.floats(-5, 15, allow_nan=False)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    spans = [span("converge", 0, draw(st.floats(0, 10)))]
    for number in range(draw(st.integers(0, 8))):
        begin, end = sorted((draw(at_s), draw(at_s)))
        parent = draw(st.sampled_from(["lost", *(each.span_id for each in spans)]))
        name = draw(st.sampled_from(["fetch", "render", WAIT_FOR_HEALTH]))
        spans.append(span(name, begin + number * 1e-3, end + number * 1e-3, parent))
    return trace(*draw(st.permutations(spans)))


@given(traces())
def test_phases_sum_to_the_whole_exactly_and_none_is_negative(change: Trace):
    took = times(change)
    assert took.synced_s is not None
    assert took.healthy_s is not None
    assert 0 <= took.synced_s <= took.healthy_s
    for until, total_s in (("synced", took.synced_s), ("healthy", took.healthy_s)):
        found = phases(change, until=until)  # type: ignore[arg-type]
        assert sum(round(phase.seconds * 1e9) for phase in found) == round(total_s * 1e9)
        assert all(phase.seconds > 0 for phase in found)
