"""Phases of closed traces: names that are bounded, and no more work than a few traces a second."""

from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace
from varde.telemetry import names
from varde.telemetry.metrics.convergence import PHASE, PhaseTimes
from varde.telemetry.metrics.process import measuring

SHOP = AppKey("argocd", "shop")


def trace(*parts: str, result: str = "success") -> Trace:
    """A change of a second a part."""
    root = StoredSpan(
        name="converge",
        trace_id="a" * 32,
        span_id="r" * 16,
        start_s=0.0,
        end_s=float(len(parts)),
        application=SHOP,
        attributes={names.RESULT: result, names.LANE: "webhook"},
    )
    spans = (
        StoredSpan(
            name=name,
            trace_id=root.trace_id,
            span_id=f"{place:016x}",
            parent_id=root.span_id,
            start_s=float(place),
            end_s=place + 1.0,
            application=SHOP,
        )
        for place, name in enumerate(parts)
    )
    return Trace(id=root.trace_id, spans=(root, *spans))


def observed() -> dict[str, float]:
    """How often each phase was."""
    samples = [sample for found in PHASE._family.collect() for sample in found.samples]
    return {sample.labels["phase"]: sample.value for sample in samples if sample.name.endswith("_count")}


def test_waves_are_one_phase_and_what_is_not_known_counts_as_other():
    with measuring("worker"):
        PhaseTimes().observe(trace("render", "wave 0", "wave 7", "conjured"))
        assert observed() == {"render": 1.0, "wave": 2.0, "other": 1.0}


def test_a_change_that_brought_nothing_live_has_no_phases():
    with measuring("worker"):
        PhaseTimes().observe(trace("render", result="failure"))
        assert observed() == {}


def test_a_burst_is_told_by_its_first_few():
    with measuring("worker"):
        times = PhaseTimes()
        for _ in range(1000):
            times.observe(trace("render"))
        assert 10 <= observed()["render"] <= 100
