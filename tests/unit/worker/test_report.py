import msgspec
import pytest
from subjects import COMMIT, application, config_map, desired_state

from varde.core.health import Health
from varde.model.application import Operation, ResourceResult, SyncOperation
from varde.worker import report
from varde.worker.comparison import Compared, Comparison

NOW_S = 1_793_620_800.0
NOW = "2026-11-02T12:00:00Z"
LATER_S = NOW_S + 60


def compared(name: str, **changes: object) -> Compared:
    (desired,) = desired_state(config_map(name)).objects
    made = Compared(key=desired.key, version="v1", desired=desired, live=desired.manifest)
    return msgspec.structs.replace(made, **changes)


def comparison(*objects: Compared) -> Comparison:
    return Comparison(objects=objects)


def status_of(*objects: Compared, now_s: float = NOW_S):
    manifests = [config_map(one.key.name) for one in objects]
    return report.compared(application(), desired_state(*manifests), comparison(*objects), now_s)


def test_all_as_git_has_it_is_synced_at_the_revision():
    status = status_of(compared("one"), compared("two", live=None, trusted=True))
    assert (status.sync.status, status.sync.revision) == ("Synced", COMMIT)
    assert [(one.name, one.status) for one in status.resources] == [("one", "Synced"), ("two", "Synced")]


def test_a_missing_object_is_out_of_sync_and_missing_counts_only_when_nothing_is_there():
    missing = compared("gone", live=None, health=Health(status="Missing"))
    assert status_of(missing).health.status == "Missing"
    both = status_of(missing, compared("there"))
    assert (both.sync.status, both.health.status) == ("OutOfSync", "Healthy")


def test_what_git_no_longer_has_requires_pruning():
    extra = compared("old", desired=None)
    (resource,) = report.compared(application(), desired_state(), comparison(extra), NOW_S).resources
    assert resource.requires_pruning is True
    assert resource.status == "OutOfSync"


def test_health_keeps_the_time_of_its_last_transition():
    status = status_of(compared("one"))
    assert status.health.last_transition_time == NOW
    of = application(status=msgspec.to_builtins(status))
    again = report.compared(of, desired_state(config_map("one")), comparison(compared("one")), LATER_S)
    assert again == status


def test_a_repeated_object_is_a_warning_that_goes_away_with_its_cause():
    twice = desired_state(config_map("one"), config_map("one"))
    status = report.compared(application(), twice, comparison(compared("one")), NOW_S)
    assert [one.type for one in status.conditions] == ["RepeatedResourceWarning"]
    of = application(status=msgspec.to_builtins(status))
    assert not report.compared(of, desired_state(config_map("one")), comparison(compared("one")), LATER_S).conditions


def test_a_refusal_keeps_what_was_known_of_the_objects():
    of = application(status=msgspec.to_builtins(status_of(compared("one"))))
    status = report.refused(of, "ComparisonError", "app/one.yaml, line 3: mend it", LATER_S, final=True)
    assert status.sync.status == "Unknown"
    assert status.sync.revision == COMMIT
    assert status.resources == of.status.resources
    assert [(one.type, one.message) for one in status.conditions] == [
        ("ComparisonError", "app/one.yaml, line 3: mend it")
    ]


def test_the_same_refusal_again_writes_nothing():
    first = report.refused(application(), "ComparisonError", "Git is away", NOW_S, final=False)
    of = application(status=msgspec.to_builtins(first))
    assert report.refused(of, "ComparisonError", "Git is away", LATER_S, final=False) == of.status


@pytest.mark.parametrize(("final", "phase"), [(True, "Error"), (False, "Running")])
def test_an_operation_under_way_ends_only_by_what_will_not_pass(*, final: bool, phase: str):
    state = report.begun(application(), Operation(sync=SyncOperation()), COMMIT, NOW_S)
    of = application(status={"operationState": msgspec.to_builtins(state)})
    status = report.refused(of, "ComparisonError", "why", LATER_S, final=final)
    assert status.operation_state.phase == phase


def test_a_persons_operation_that_is_refused_is_shown_as_ended():
    of = application(operation={"sync": {"prune": True}})
    state = report.refused(of, "InvalidSpecError", "why", NOW_S, final=True).operation_state
    assert (state.phase, state.message, state.operation.sync.prune) == ("Error", "why", True)


def test_results_of_later_turns_are_laid_over_earlier_ones():
    def result(name: str, status: str) -> ResourceResult:
        return ResourceResult(group="", version="v1", kind="ConfigMap", namespace="shop", name=name, status=status)

    state = report.begun(application(), Operation(sync=SyncOperation()), COMMIT, NOW_S)
    state = report.remembered(state, [result("one", "SyncFailed"), result("two", "Synced")])
    state = report.ended(state, "Succeeded", "done", LATER_S, [result("one", "Synced")])
    assert [(one.name, one.status) for one in state.sync_result.resources] == [("one", "Synced"), ("two", "Synced")]


@pytest.mark.parametrize(
    ("limit", "kept"), [({}, 10), ({"revisionHistoryLimit": 2}, 2), ({"revisionHistoryLimit": 0}, 0)]
)
def test_history_is_kept_to_its_limit_with_ids_that_go_on(limit: dict[str, int], kept: int):
    of = application(**limit)
    status = of.status
    for _ in range(12):
        state = report.ended(report.begun(of, Operation(), COMMIT, NOW_S), "Succeeded", "done", NOW_S)
        status = report.with_history(of, msgspec.structs.replace(status, operation_state=state), NOW_S)
    assert len(status.history) == kept
    if kept:
        assert status.history[-1].id == 11


@pytest.mark.parametrize(
    "spec", [{"template": "none"}, {"template": {"spec": {"containers": {"a": 1}}}}, {"jobTemplate": []}, "none"]
)
def test_a_malformed_object_has_no_images(spec: object):
    malformed = {**config_map("one"), "kind": "CronJob", "spec": spec}
    (desired,) = desired_state(malformed).objects
    missing = Compared(key=desired.key, version="v1", desired=desired)
    assert not report.compared(application(), desired_state(malformed), comparison(missing), NOW_S).summary.images
