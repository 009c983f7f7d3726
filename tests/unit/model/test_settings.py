"""Argo CD's settings: defaults, every key in either ConfigMap, and a warning for each slip of the pen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.model.duration import duration_s
from varde.model.settings import ArgoSettings, settings


def test_without_settings_argo_cds_defaults_hold():
    found, warnings = settings({}, {})
    assert warnings == ()
    assert (found.reconciliation_s, found.reconciliation_jitter_s, found.hard_reconciliation_s) == (120, 60, 0)
    assert (found.status_processors, found.operation_processors, found.kubectl_parallelism) == (20, 10, 20)
    assert (found.self_heal_backoff_s, found.self_heal_backoff_factor, found.self_heal_backoff_cap_s) == (2, 3, 300)
    assert (found.git_request_timeout_s, found.max_manifests_bytes, found.repo_parallelism) == (15, 10_000_000, 0)
    assert found.tracking_method == "annotation"


@pytest.mark.parametrize(
    ("key", "text", "attribute", "value"),
    [
        ("timeout.reconciliation", "2m30s", "reconciliation_s", 150.0),
        ("timeout.hard.reconciliation", "1h", "hard_reconciliation_s", 3600.0),
        ("webhook.maxPayloadSizeMB", "1", "webhook_max_payload_bytes", 1048576),
        ("application.resourceTrackingMethod", "annotation+label", "tracking_method", "annotation+label"),
        ("application.instanceLabelKey", "mine", "instance_label_key", "mine"),
        ("installationID", "one", "installation_id", "one"),
        ("status.processors", "50", "status_processors", 50),
        ("controller.status.processors", "50", "status_processors", 50),
        ("reposerver.parallelism.limit", "5", "repo_parallelism", 5),
        ("controller.self.heal.backoff.cap.seconds", "60", "self_heal_backoff_cap_s", 60.0),
        ("reposerver.max.combined.directory.manifests.size", "1Mi", "max_manifests_bytes", 1048576),
    ],
)
def test_a_key_is_taken_in_either_config_map(key: str, text: str, attribute: str, value: object):
    assert settings({key: text}, {}) == (ArgoSettings(**{attribute: value}), ())
    assert settings({}, {key: text}) == (ArgoSettings(**{attribute: value}), ())


def test_the_parameters_win():
    assert settings({"status.processors": "1"}, {"controller.status.processors": "2"})[0].status_processors == 2


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("timeout.reconciliation", "two minutes"),
        ("controller.operation.processors", "-1"),
        ("reposerver.max.combined.directory.manifests.size", "10 apples"),
        ("application.resourceTrackingMethod", "guess"),
    ],
)
def test_a_value_that_cannot_be_read_keeps_the_default_and_warns(key: str, text: str):
    found, warnings = settings({key: text}, {})
    assert found == ArgoSettings()
    assert len(warnings) == 1
    assert f"argocd-cm: {key}: " in warnings[0]


def test_an_unknown_key_is_answered_with_the_nearest_known_one():
    _, warnings = settings({"reporpo.server.parallelism.limit": "1"}, {"reposerver.paralelism.limit": "1"})
    assert len(warnings) == 2
    assert all("is reposerver.parallelism.limit meant?" in warning for warning in warnings)


def test_keys_of_other_parts_of_argo_cd_give_no_warning():
    cm = {"url": "https://argocd", "accounts.ci": "apiKey", "resource.customizations.ignoreResourceUpdates.all": "x"}
    assert settings(cm, {"server.insecure": "true", "redis.server": "r"})[1] == ()


def test_what_is_not_built_is_said():
    found, warnings = settings(
        {"resource.exclusions": "- kinds: [Event]", "resource.customizations.health.a_B": "l"}, {}
    )
    assert found.resource_exclusions == "- kinds: [Event]"
    assert [warning.split(" is ")[0] for warning in warnings] == [
        "argocd-cm: resource.exclusions",
        "argocd-cm: resource.customizations.health.a_B",
    ]


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=3))
def test_no_config_map_stops_varde(data: dict[str, str]):
    settings(data, data)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("5", 5), ("5s", 5), ("2m30s", 150), ("1.5h", 5400), ("100ms", 0.1), ("1d", 86400)]
)
def test_durations_are_gos(text: str, seconds: float):
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5 s", "-5s", "5s5", "1e3s", "5x"])
def test_other_texts_are_no_durations(text: str):
    with pytest.raises(ValueError, match="is no duration"):
        duration_s(text)
