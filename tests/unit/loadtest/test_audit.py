"""The reader of the audit log finds what it must find: each breach, forged, is named, and a clean log has none."""

import datetime as dt
from typing import Any

import msgspec
from loadtest.chaos.audit import Breaches, Log, breaches, parsed

from varde.model.claim import SYNC_ANNOTATION, TRACKING_ANNOTATION, Claim, SyncRecord

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LEASE_S = 5
A, B = "worker-a", "worker-b"


def line(at_s: float, agent: str, verb: str, resource: str, name: str, answer: dict[str, Any], **more: Any) -> bytes:
    return msgspec.json.encode(
        {
            "verb": verb,
            "requestURI": f"/{resource}/{name}",
            "userAgent": agent,
            "objectRef": {"resource": resource, "namespace": "argocd", "name": name},
            "responseStatus": {"code": 200},
            "requestReceivedTimestamp": START + dt.timedelta(seconds=at_s),
            "stageTimestamp": START + dt.timedelta(seconds=at_s + 0.01),
            "responseObject": answer,
            **more,
        }
    )


def claimed(revision: int, holder: str, *, by: str, at_s: float) -> bytes:
    record = SyncRecord(claim=Claim(holder=holder, fence=revision) if holder else None)
    annotations = {SYNC_ANNOTATION: msgspec.json.encode(record).decode()}
    answer = {"kind": "Application", "metadata": {"resourceVersion": str(revision), "annotations": annotations}}
    return line(at_s, f"varde-worker/{by}", "patch", "applications", "shop", answer)


def applied(revision: int, count: int, *, by: str, at_s: float, **more: Any) -> bytes:
    metadata = {"resourceVersion": str(revision), "annotations": {TRACKING_ANNOTATION: "shop:/ConfigMap:web/shop"}}
    answer = {"kind": "ConfigMap", "metadata": metadata, "data": {"counter": str(count)}}
    return line(at_s, f"varde-worker/{by}", "patch", "configmaps", "shop", answer, **more)


def deleted(*, by: str, at_s: float) -> bytes:
    return line(at_s, f"varde-worker/{by}", "delete", "configmaps", "shop", {"kind": "Status", "metadata": {}})


def renewed(revision: int, shard: str, *, at_s: float) -> bytes:
    answer = {
        "kind": "Lease",
        "metadata": {"resourceVersion": str(revision)},
        "spec": {"leaseDurationSeconds": LEASE_S, "holderIdentity": shard},
    }
    return line(at_s, f"varde-worker/{shard}", "patch", "leases", f"varde-shard-{shard}", answer)


def found(*lines: bytes, **more: Any) -> Breaches:
    return breaches(parsed(lines).calls, **more)


ROUND = (
    renewed(1, A, at_s=0),
    claimed(2, A, by=A, at_s=1),
    applied(3, 1, by=A, at_s=2),
    claimed(4, "", by=A, at_s=3),
)


def test_a_clean_log_has_no_violations():
    after = (claimed(5, B, by=B, at_s=4), applied(6, 2, by=B, at_s=5), deleted(by=B, at_s=6))
    assert found(*ROUND, *after) == Breaches()


def test_a_write_while_another_worker_holds_the_application_is_named_with_both_lines():
    (breach,) = found(*ROUND[:2], applied(3, 1, by=B, at_s=2)).two_writers
    assert f"written while {A} held shop" in breach
    assert "applications" in breach
    assert f"varde-worker/{B} patch configmaps" in breach


def test_a_write_without_a_claim_is_a_violation():
    (breach,) = found(*ROUND, applied(5, 2, by=A, at_s=4)).two_writers
    assert "written while nobody held shop" in breach


def test_etcds_order_counts_and_not_the_order_of_the_lines():
    assert found(ROUND[0], ROUND[2], ROUND[3], ROUND[1]) == Breaches()


def test_a_deletion_outside_of_the_claim_is_a_violation():
    (breach,) = found(*ROUND, deleted(by=B, at_s=4)).two_writers
    assert "deleted without the claim" in breach


def test_a_takeover_before_the_lease_ran_out_is_a_violation():
    (breach,) = found(*ROUND[:3], claimed(5, B, by=B, at_s=LEASE_S - 1)).two_writers
    assert f"shop was taken from {A}, whose Lease held" in breach


def test_a_takeover_after_the_lease_ran_out_is_none():
    assert found(*ROUND[:3], claimed(5, B, by=B, at_s=LEASE_S + 1)) == Breaches()


def test_an_object_that_goes_back_to_an_earlier_revision_is_a_violation():
    log = (*ROUND[:2], applied(3, 2, by=A, at_s=2), applied(4, 1, by=A, at_s=3))
    (breach,) = found(*log).older_over_newer
    assert "shop went back from 2 to 1" in breach
    assert found(*log, going_back=frozenset({"shop"})) == Breaches()


def test_what_changes_nothing_or_was_refused_or_only_tried_is_no_write():
    again = applied(3, 1, by=B, at_s=2)
    refused = applied(4, 1, by=B, at_s=2, responseStatus={"code": 409})
    tried = applied(5, 1, by=B, at_s=2, requestURI="/configmaps/shop?dryRun=All")
    assert found(*ROUND, again, refused, tried) == Breaches()


def test_a_line_that_a_killed_server_left_unfinished_is_counted():
    assert parsed((ROUND[0][:50],)) == Log(calls=(), torn=1)
