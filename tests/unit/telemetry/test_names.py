from opentelemetry.semconv._incubating.attributes import (
    cicd_attributes,
    error_attributes,
    k8s_attributes,
    messaging_attributes,
    vcs_attributes,
)

from varde.core import phases, sampling
from varde.telemetry import names

CONVENTIONS = (cicd_attributes, error_attributes, k8s_attributes, messaging_attributes, vcs_attributes)


def test_every_name_is_opentelemetrys_own_or_says_that_it_is_ours():
    known = {value for module in CONVENTIONS for value in vars(module).values() if isinstance(value, str)}
    told = {getattr(names, name) for name in names.__all__}
    assert {name for name in told if not name.startswith("varde.")} <= known


def test_what_the_sampling_and_the_budget_read_are_these_names():
    assert sampling.KIND == (names.LANE, names.SOURCE_TYPE, names.RESULT)
    assert (sampling.RESULT, phases.REASON) == (names.RESULT, names.REASON)
