"""Who reaches whom: the NetworkPolicies played on the Pods of every build, as Kubernetes documents their meaning."""

import ipaddress

import pytest

from deploy_manifests import (
    Manifest,
    Manifests,
    combined,
    container,
    of_kind,
    pod,
    processes,
    selects,
    workloads,
)

REDIS_PORT, HTTP_PORT = 6379, 8080
CALLS = {
    ("scheduler", "repo-server"),
    ("worker", "repo-server"),
    ("repo-server", "scheduler"),
    ("worker", "scheduler"),
    ("observer", "scheduler"),
    ("api", "scheduler"),
}
"""Who asks whom by HTTP: looks and inputs; events and what is done."""
PEOPLE = {"kubernetes.io/metadata.name": "ingress"}
MONITORING = {"kubernetes.io/metadata.name": "monitoring"}
SYSTEM = {"kubernetes.io/metadata.name": "kube-system"}
CONTROL = {"kubernetes.io/metadata.name": "argocd"}
API_SERVERS = ("10.96.0.1", "192.168.1.10", "fd00::1")
INTERNET, CLOUD_METADATA = "203.0.113.7", "169.254.169.254"


class Place:
    """One end of a connection: a Pod with its namespace's labels, or an address outside."""

    def __init__(self, labels: dict[str, str] | None, namespace: dict[str, str], address: str = "") -> None:
        self.labels, self.namespace, self.address = labels, namespace, address

    def is_in(self, peers: list[Manifest]) -> bool:
        return not peers or any(self._is(peer) for peer in peers)

    def _is(self, peer: Manifest) -> bool:
        if "ipBlock" in peer:
            return bool(self.address) and within(self.address, peer["ipBlock"])
        if self.labels is None:
            return False
        namespaces = peer.get("namespaceSelector", {"matchLabels": CONTROL})
        return selects(namespaces, self.namespace) and selects(peer.get("podSelector", {}), self.labels)


def within(address: str, block: Manifest) -> bool:
    ip = ipaddress.ip_address(address)
    return ip in ipaddress.ip_network(block["cidr"]) and not any(
        ip in ipaddress.ip_network(left_out) for left_out in block.get("except", ())
    )


def outside(address: str) -> Place:
    return Place(None, {}, address)


def ours(manifests: Manifests, component: str) -> Place:
    return Place(pod(workloads(manifests)[component])["metadata"]["labels"], CONTROL)


def permitted(manifests: Manifests, one: Place, direction: str, other: Place, port: int, protocol: str = "TCP") -> bool:
    """What the policies of one end say; a Pod that none selects may do all."""
    if one.labels is None or one.namespace != CONTROL:
        return True
    policies = [
        policy["spec"]
        for policy in of_kind(manifests, "NetworkPolicy")
        if direction in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], one.labels)
    ]
    side = "from" if direction == "Ingress" else "to"
    return not policies or any(
        other.is_in(rule.get(side, [])) and (port, protocol) in ports(rule)
        for policy in policies
        for rule in policy.get(direction.lower(), ())
    )


def ports(rule: Manifest) -> set[tuple[int, str]]:
    return {(entry["port"], entry.get("protocol", "TCP")) for entry in rule["ports"]}


def reaches(manifests: Manifests, source: Place, target: Place, port: int, protocol: str = "TCP") -> bool:
    return permitted(manifests, source, "Egress", target, port, protocol) and permitted(
        manifests, target, "Ingress", source, port, protocol
    )


def test_services_reach_those_that_they_ask_and_no_others(manifests: Manifests) -> None:
    components = processes(manifests)
    for source in components:
        for target in components:
            found = reaches(manifests, ours(manifests, source), ours(manifests, target), HTTP_PORT)
            # The api is open to all, but who has nothing to ask it gets no way out to it.
            assert found is ((source, target) in CALLS), (source, target)


def test_redis_is_reached_by_those_that_are_told_its_url(manifests: Manifests) -> None:
    for component, workload in processes(manifests).items():
        told = any(entry["name"] == "VARDE_REDIS_URL" for entry in container(workload)["env"])
        redis = ours(manifests, "redis") if "redis" in workloads(manifests) else outside("10.1.2.3")
        assert reaches(manifests, ours(manifests, component), redis, REDIS_PORT) is told, component
        assert not reaches(manifests, ours(manifests, component), outside(INTERNET), REDIS_PORT)


@pytest.mark.parametrize("address", API_SERVERS)
def test_every_service_reaches_the_api_server_and_names(manifests: Manifests, address: str) -> None:
    dns = Place({"k8s-app": "kube-dns"}, SYSTEM)
    for component in processes(manifests):
        for port in (443, 6443):
            assert reaches(manifests, ours(manifests, component), outside(address), port), component
        for protocol in ("UDP", "TCP"):
            assert reaches(manifests, ours(manifests, component), dns, 53, protocol), component


def test_only_the_repo_server_reaches_git_hosts_and_nobody_the_clouds_metadata(manifests: Manifests) -> None:
    for component in workloads(manifests):
        for port in (22, 80, 443):
            assert reaches(manifests, ours(manifests, component), outside(INTERNET), port) is (
                component == "repo-server"
            )
            assert not reaches(manifests, ours(manifests, component), outside(CLOUD_METADATA), port), component


def test_prometheus_reaches_every_service_and_others_only_the_api(manifests: Manifests) -> None:
    stranger, prometheus = Place({"app": "any"}, PEOPLE), Place({"app": "prometheus"}, MONITORING)
    for component in processes(manifests):
        assert reaches(manifests, prometheus, ours(manifests, component), HTTP_PORT), component
        assert reaches(manifests, stranger, ours(manifests, component), HTTP_PORT) is (component == "api"), component
        assert reaches(manifests, outside(INTERNET), ours(manifests, component), HTTP_PORT) is (component == "api")


def test_redis_reaches_nothing_and_strangers_do_not_reach_it() -> None:
    manifests = combined(())
    redis = ours(manifests, "redis")
    for target in (outside(INTERNET), outside(API_SERVERS[0]), ours(manifests, "worker"), Place({}, SYSTEM)):
        for port in (53, 80, 443, REDIS_PORT, HTTP_PORT):
            assert not reaches(manifests, redis, target, port)
    for source in (Place({"app": "any"}, CONTROL), Place({"app": "any"}, PEOPLE), outside(INTERNET)):
        assert not reaches(manifests, source, redis, REDIS_PORT)


def test_pods_of_others_in_the_namespace_are_left_as_they_are(manifests: Manifests) -> None:
    argocd = Place({"app.kubernetes.io/part-of": "argocd"}, CONTROL)
    assert permitted(manifests, argocd, "Egress", outside(INTERNET), 443)
    assert permitted(manifests, argocd, "Ingress", Place({}, PEOPLE), 8080)
    assert reaches(manifests, argocd, ours(manifests, "api"), HTTP_PORT)


def test_traces_go_to_a_collector_in_the_cluster_alone(manifests: Manifests) -> None:
    for component in processes(manifests):
        assert reaches(manifests, ours(manifests, component), Place({"app": "collector"}, MONITORING), 4318)
        assert not reaches(manifests, ours(manifests, component), outside(INTERNET), 4318)


def test_the_ports_of_the_policies_are_those_that_pods_listen_on(manifests: Manifests) -> None:
    for policy in of_kind(manifests, "NetworkPolicy"):
        chosen = [
            one
            for one in workloads(manifests).values()
            if selects(policy["spec"]["podSelector"], pod(one)["metadata"]["labels"])
        ]
        assert chosen, policy["metadata"]["name"]
        listened = {port["containerPort"] for one in chosen for port in container(one)["ports"]}
        for rule in policy["spec"].get("ingress", ()):
            assert {port for port, _ in ports(rule)} <= listened
