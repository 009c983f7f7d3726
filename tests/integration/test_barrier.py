"""After a turn that was broken off nothing that it sent can land any more, on a real API server."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from varde.adapters.kube import Holders, KubeCluster, Membership
from varde.core.desired import Desired, normalise
from varde.core.diff import differs
from varde.core.resource_version import conditions
from varde.errors import Conflict, Waiting
from varde.model.application import ApplicationStatus
from varde.model.claim import SyncRecord
from varde.model.resource import Manifest, Rendered
from varde.model.settings import ArgoSettings
from varde.worker.barrier import barrier
from varde.worker.claims import Applications
from varde.worker.comparison import Compared, Comparison
from varde.worker.subject import Subject, subject
from varde.worker.world import World

CONTROL = "argocd"


@pytest.fixture
async def applications(cluster: KubeCluster, namespace: str) -> AsyncIterator[Applications]:
    async with Membership(cluster, namespace=namespace, shard="w-1") as membership:
        yield Applications(cluster, membership, Holders(cluster, namespace=namespace), "w-1")


async def claimed(applications: Applications, cluster: KubeCluster) -> Subject:
    """A real Application, claimed after a turn that was broken off."""
    source = {"repoURL": "https://git.test/shop.git", "path": "."}
    raw = await cluster.create(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": f"shop-{uuid.uuid4().hex[:8]}", "namespace": CONTROL},
            "spec": {"project": "default", "source": source, "destination": {"name": "in-cluster", "namespace": "n"}},
        }
    )
    of = subject(raw, ArgoSettings(), CONTROL)
    broken_off = await applications.claim(of, ApplicationStatus(), SyncRecord(), 1)
    assert broken_off.interrupted
    return await applications.claim(broken_off, ApplicationStatus(), broken_off.record, 2)


def world(cluster: KubeCluster, applications: Applications) -> World:
    unused: Any = None
    return World(
        cluster=cluster,
        repositories=unused,
        renderers=unused,
        rendered=unused,
        applications=applications,
        applied=unused,
        diffs=unused,
        namespaces=unused,
        tenants=unused,
        now_s=lambda: 0.0,
        digest_key=b"",
        apply_concurrency=2,
        control_namespace=CONTROL,
    )


def config_map(namespace: str, value: str) -> Desired:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"}, "data": {"value": value}}
    (desired,) = normalise([Rendered(manifest)], destination_namespace=namespace, namespaced=lambda _g, _k: True)
    return desired


def late(desired: Desired, planned_against: Manifest) -> Manifest:
    """An apply as it left its worker."""
    metadata = planned_against["metadata"]
    asked = conditions(metadata["uid"], metadata["resourceVersion"])
    return {**desired.manifest, "metadata": {**desired.manifest["metadata"], **asked}}


async def test_a_late_write_lands_on_what_a_revert_left_alone_but_not_behind_the_barrier(
    cluster: KubeCluster, applications: Applications, namespace: str
):
    before, newer = config_map(namespace, "before"), config_map(namespace, "reverted since")
    live = await cluster.apply(before.manifest)
    live = await cluster.apply(late(newer, live))
    live = await cluster.apply(late(before, live))
    of = await claimed(applications, cluster)
    comparison = Comparison(objects=(Compared(key=before.key, version=before.version, desired=before, live=live),))
    (moved,) = (await barrier(world(cluster, applications), of, comparison)).objects
    assert moved.live
    assert differs(before.manifest, moved.live) == ()
    with pytest.raises(Conflict):
        await cluster.apply(late(newer, live))
    with pytest.raises(Conflict):
        await cluster.delete(
            before.key, uid=live["metadata"]["uid"], resource_version=live["metadata"]["resourceVersion"]
        )
    again = await cluster.apply(late(newer, moved.live))
    assert again["data"] == {"value": "reverted since"}


async def test_what_landed_meanwhile_is_compared_again(
    cluster: KubeCluster, applications: Applications, namespace: str
):
    before, newer = config_map(namespace, "before"), config_map(namespace, "late")
    live = await cluster.apply(before.manifest)
    of = await claimed(applications, cluster)
    await cluster.apply(late(newer, live))
    comparison = Comparison(objects=(Compared(key=before.key, version=before.version, desired=before, live=live),))
    with pytest.raises(Waiting, match="compared again"):
        await barrier(world(cluster, applications), of, comparison)


async def test_a_claim_counts_as_answered_only_once_it_was_given_back_with_all_answers(
    cluster: KubeCluster, applications: Applications
):
    of = await claimed(applications, cluster)
    assert of.record.unanswered
    for unanswered in (True, False):
        await applications.release(of, of.status, of.record, unanswered=unanswered)
        raw = await applications.read(of.key, b"")
        assert raw
        given_back = subject(raw, ArgoSettings(), CONTROL)
        assert (given_back.record.claim, given_back.interrupted) == (None, unanswered)
        of = await applications.claim(given_back, given_back.status, given_back.record, 3)
