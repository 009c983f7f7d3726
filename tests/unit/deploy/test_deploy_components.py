"""What each component of ``deploy/`` adds to the base, in every choice of components that there is."""

import itertools
import re

import pytest

from deploy_manifests import (
    COMBINATIONS,
    COMPONENT,
    DEPLOY,
    OVERLAYS,
    SETTINGS,
    Manifest,
    Manifests,
    build,
    combined,
    container,
    named,
    of_kind,
    pod,
    processes,
    selects,
    workloads,
)
from varde.core.quantity import parse_quantity
from varde.model.message import LANES
from varde.telemetry.metrics.queue import IN_HAND, OLDEST, ON_THEIR_WAY

WHOLE_CORES = ("scheduler", "repo-server", "worker")


def test_whatever_may_be_disrupted_leaves_others(manifests: Manifests) -> None:
    budgets = of_kind(manifests, "PodDisruptionBudget")
    for budget in budgets:
        (covered,) = (
            one
            for one in workloads(manifests).values()
            if selects(budget["spec"]["selector"], pod(one)["metadata"]["labels"])
        )
        assert covered["spec"].get("replicas", 3) > budget["spec"]["maxUnavailable"]
    assert len(budgets) in (0, len(SETTINGS))


def test_autoscaled_workers_have_no_count_of_their_own(manifests: Manifests) -> None:
    scalers = of_kind(manifests, "ScaledObject", "HorizontalPodAutoscaler")
    for scaler in scalers:
        target = named(manifests, "Deployment", scaler["spec"]["scaleTargetRef"]["name"])
        assert target is processes(manifests)["worker"]
    assert ("replicas" in processes(manifests)["worker"]["spec"]) is not bool(scalers)


def test_an_upgrade_can_begin_on_as_many_nodes_as_there_are_replicas(manifests: Manifests) -> None:
    for workload in processes(manifests).values():
        affinity = pod(workload)["spec"].get("affinity", {}).get("podAntiAffinity", {})
        for term in affinity.get("requiredDuringSchedulingIgnoredDuringExecution", ()):
            assert "pod-template-hash" in term["matchLabelKeys"] or workload["kind"] == "StatefulSet"
        rolling = workload["spec"].get("strategy", {}).get("rollingUpdate")
        assert rolling is None or rolling["maxSurge"] + rolling["maxUnavailable"] == 1


def whole(workload: Manifest) -> bool:
    resources = container(workload)["resources"]
    return resources["requests"] == resources["limits"] and parse_quantity(resources["limits"]["cpu"]) % 1 == 0


@pytest.mark.parametrize("chosen", [one for one in COMBINATIONS if "dedicated-cpu" in one], ids="+".join)
def test_dedicated_cores_are_whole_guaranteed_and_on_the_nodes_kept_for_them(chosen: tuple[str, ...]) -> None:
    for component in WHOLE_CORES:
        workload = processes(combined(chosen))[component]
        assert whole(workload)
        spec = pod(workload)["spec"]
        terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        (expression,) = terms[0]["matchExpressions"]
        (toleration,) = spec["tolerations"]
        assert toleration["key"] == expression["key"]
        assert [toleration["value"]] == expression["values"]


@pytest.mark.parametrize("chosen", [one for one in COMBINATIONS if "ha" in one], ids="+".join)
def test_high_availability_is_three_of_each_apart_from_one_another(chosen: tuple[str, ...]) -> None:
    manifests = combined(chosen)
    for component, workload in processes(manifests).items():
        assert workload["spec"].get("replicas", 3) == 3
        spec = pod(workload)["spec"]
        assert "podAntiAffinity" in spec["affinity"]
        assert spec["topologySpreadConstraints"]
        assert component in {
            budget["spec"]["selector"]["matchLabels"][COMPONENT] for budget in of_kind(manifests, "PodDisruptionBudget")
        }


@pytest.mark.parametrize("chosen", [one for one in COMBINATIONS if "redis-external" in one], ids="+".join)
def test_nothing_is_left_of_the_redis_in_the_cluster_once_another_is_used(chosen: tuple[str, ...]) -> None:
    left = [one for one in combined(chosen) if one["metadata"]["name"] == "varde-redis"]
    assert left == []


def test_scaling_asks_for_a_metric_that_the_leader_has_and_lanes_that_there_are() -> None:
    (scaler,) = of_kind(combined(("keda",)), "ScaledObject")
    (trigger,) = scaler["spec"]["triggers"]
    query = trigger["metadata"]["query"]
    assert set(re.findall(r"varde_\w+", query)) == {OLDEST.name, ON_THEIR_WAY.name, IN_HAND.name}
    lanes = query.split('lane=~"')[1].split('"')[0].split("|")
    assert set(lanes) < set(LANES)
    assert trigger["metricType"] == "Value"


def test_overlays_are_combinations_that_are_ready_made() -> None:
    ready_made = [build(DEPLOY / "overlays" / name) for name in OVERLAYS]
    assert all(one in [combined(components) for components in COMBINATIONS] for one in ready_made)
    assert OVERLAYS == ("dedicated-cpu", "ha", "redis-external")


def test_every_combination_is_another_one() -> None:
    assert len(set(COMBINATIONS)) == len(COMBINATIONS) == 24
    assert not any(set(pair) == {"keda", "hpa"} for one in COMBINATIONS for pair in itertools.combinations(one, 2))
