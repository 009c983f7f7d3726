"""The leader's fleet as metrics: Argo CD's series of every application, bounded, right and without secrets."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from varde.core.scheduling import Desk, Need, Seen, Sent
from varde.model.message import Lane
from varde.model.resource import Manifest
from varde.scheduler.fleet import Fleet, Syncs, reading
from varde.scheduler.observed import Observed
from varde.scheduler.projection import seen as projected
from varde.telemetry.metrics.catalogue import CATALOGUE, SIZES, most_series
from varde.telemetry.metrics.process import exposition, measuring

HERE = "https://kubernetes.default.svc"
MANY = 200


def application(name: str = "shop", **changes: Any) -> Manifest:
    return {
        "metadata": {"name": name, "namespace": "argocd", "labels": {"team-name": "red", "secret-of-ours": "x"}},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://robot:hunter2@git.example/Org/Shop.git", "path": "app"},
            "destination": {"server": HERE, "namespace": "shop"},
            "syncPolicy": {"automated": {}},
        },
        "status": {
            "sync": {"status": "Synced"},
            "health": {"status": "Healthy"},
            "conditions": [{"type": "SyncError", "message": "no"}],
        },
        **changes,
    }


def seen(manifest: Manifest, labels: tuple[str, ...] = ()) -> Seen:
    return projected(msgspec.json.decode(msgspec.json.encode(manifest), type=Observed), labels)


def operated(phase: str, finished: str, *, dry: bool = False) -> Manifest:
    return {
        "operationState": {
            "phase": phase,
            "startedAt": "2026-11-02T10:00:00Z",
            "finishedAt": finished,
            "operation": {"sync": {"dryRun": True} if dry else {}},
        }
    }


@contextmanager
def scraping(
    *applications: Seen, desks: tuple[Desk, ...] = (), syncs: Syncs | None = None, labels: tuple[str, ...] = ()
) -> Iterator[Callable[[], dict[str, Metric]]]:
    fleet = Fleet(
        applications=lambda: applications,
        desks=lambda: desks,
        writes=lambda found: not found.take_over,
        repositories=lambda: 2,
        shards=lambda: frozenset({"worker-0", "worker-1"}),
        labels=labels,
    )

    def scraped() -> dict[str, Metric]:
        text, _ = asyncio.run(exposition("application/openmetrics-text; version=1.0.0"))
        return {metric.name: metric for metric in text_string_to_metric_families(text.decode())}

    with measuring("scheduler"), reading(fleet, syncs or Syncs()):
        yield scraped


def samples(metric: Metric) -> list[tuple[dict[str, str], float]]:
    return [(dict(sample.labels), sample.value) for sample in metric.samples]


def test_an_application_is_told_with_argo_cds_labels_and_without_the_password_in_its_url():
    with scraping(seen(application())) as scraped:
        assert samples(scraped()["argocd_app_info"]) == [
            (
                {
                    "namespace": "argocd",
                    "name": "shop",
                    "project": "default",
                    "autosync_enabled": "true",
                    "repo": "https://git.example/org/shop",
                    "dest_server": HERE,
                    "dest_namespace": "shop",
                    "sync_status": "Synced",
                    "health_status": "Healthy",
                    "operation": "",
                },
                1.0,
            )
        ]


def test_an_application_that_fits_no_type_is_told_as_unknown():
    odd = seen(application(spec={"destination": 7}, status={}))
    assert (odd.shown.sync, odd.shown.health, odd.shown.destination_server) == ("Unknown", "Unknown", "")


def test_a_deletion_and_a_sync_that_is_asked_for_are_operations():
    leaving = application()
    leaving["metadata"]["deletionTimestamp"] = "2026-11-02T10:00:00Z"
    assert seen(leaving).shown.operation == "delete"
    assert seen(application(operation={"sync": {}})).shown.operation == "sync"


def test_labels_are_shown_where_they_are_asked_for_alone():
    with scraping(seen(application())) as scraped:
        assert "argocd_app_labels" not in scraped()
    with scraping(seen(application(), ("team-name", "absent")), labels=("team-name", "absent")) as scraped:
        place = {"namespace": "argocd", "name": "shop", "project": "default"}
        shown = {**place, "label_team_name": "red", "label_absent": ""}
        assert samples(scraped()["argocd_app_labels"]) == [(shown, 1.0)]


def test_a_sync_counts_once_when_it_ends_and_not_when_a_leader_finds_it():
    before = seen(application(status=operated("Succeeded", "2026-11-02T10:00:02Z")))
    running = seen(application(status={"operationState": {"phase": "Running", "startedAt": "2026-11-02T11:00:00Z"}}))
    after = seen(application(status=operated("Succeeded", "2026-11-02T10:00:05Z")))
    syncs = Syncs()
    for old, new in ((None, before), (before, before), (before, running), (running, after), (after, after)):
        syncs.note(old, new)
    with scraping(after, syncs=syncs) as scraped:
        found = scraped()
        ((labels, count),) = samples(found["argocd_app_sync"])
        assert (labels["phase"], labels["dry_run"], labels["dest_server"], count) == ("Succeeded", "false", HERE, 1.0)
        assert [value for _, value in samples(found["argocd_app_sync_duration_seconds"])] == [5.0]


def test_a_failure_and_a_dry_run_are_told_apart_and_take_no_time():
    syncs, nothing = Syncs(), seen(application())
    for status in (
        operated("Failed", "2026-11-02T10:00:01Z"),
        operated("Succeeded", "2026-11-02T10:00:01Z", dry=True),
    ):
        syncs.note(nothing, seen(application(status=status)))
    assert dict(syncs.ended(nothing)) == {("Failed", "false"): 1, ("Succeeded", "true"): 1}


def test_an_application_that_is_gone_leaves_no_series_behind():
    syncs, ended = Syncs(), seen(application(status=operated("Succeeded", "2026-11-02T10:00:05Z")))
    syncs.note(seen(application()), ended)
    syncs.note(ended, None)
    assert (dict(syncs.ended(ended)), syncs.took_s(ended)) == ({}, None)


def test_the_queue_is_told_by_lane_and_shard_and_an_empty_lane_as_empty():
    need = Need(lane=Lane.WEBHOOK, reason="push")
    on_its_way = Desk(sent=Sent(number=1, shard="worker-0", need=need, at_s=0.0))
    with scraping(desks=(on_its_way, on_its_way, Desk(wanted=need))) as scraped:
        found = scraped()
        ages = {labels["lane"]: value for labels, value in samples(found["varde_queue_oldest_message_age_seconds"])}
        assert ages.pop("webhook") > 0
        assert ages == {"person": 0.0, "drift": 0.0, "poll": 0.0}
        messages = {
            (labels["shard"], labels["lane"]): value for labels, value in samples(found["varde_queue_messages"])
        }
        assert messages.pop(("worker-0", "webhook")) == 2.0
        assert set(messages.values()) == {0.0}
        assert {shard for shard, _ in messages} == {"worker-0", "worker-1"}
        assert samples(found["varde_applications_waiting"]) == [({}, 1.0)]


def test_a_fleet_has_as_many_series_as_the_declarations_state_at_most():
    syncs, applications = Syncs(), tuple(seen(application(f"app-{number}")) for number in range(MANY))
    for found in applications:
        syncs.note(found, seen(application(found.key.name, status=operated("Failed", "2026-11-02T10:00:01Z"))))
    with scraping(*applications, syncs=syncs) as scraped:
        counted = {name: len(metric.samples) for name, metric in scraped().items()}
    sizes = {**SIZES, "applications": MANY}
    stated = {one.name.removesuffix("_total"): most_series(one, sizes) for one in CATALOGUE}
    assert {name for name, count in counted.items() if name in stated and count > stated[name]} == set()
    assert counted["argocd_app_info"] == counted["argocd_app_sync"] == counted["argocd_app_condition"] == MANY


def test_a_scheduler_that_leads_no_more_shows_no_application():
    with measuring("scheduler"):
        with scraping(seen(application())) as scraped:
            assert "argocd_app_info" in scraped()
        assert "argocd_app_info" not in scraped()
