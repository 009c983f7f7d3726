"""What a project lets its applications use: one pure decision, for worker and api alike.

Asked before rendering (source, destination) and for every object after it. An answer is a text that names project, rule
and way out, or empty when the project allows it. The rules are Argo CD's, read strictly: something is allowed when a
rule without ``!`` allows it and none with ``!`` denies it.
"""

from collections.abc import Iterable

from varde.core.glob import glob_matches
from varde.model.application import ApplicationDestination, ApplicationSource
from varde.model.cluster import Cluster
from varde.model.project import AppProject, ClusterResourceRestrictionItem, GroupKind
from varde.model.repository_url import normal_rule, parse_url
from varde.model.resource import ResourceKey

__all__ = ["default_project_spec", "destination_refusal", "namespace_refusal", "object_refusal", "source_refusal"]

DENIES = "!"


def default_project_spec() -> dict[str, object]:
    """The spec of the ``default`` project that Varde makes where it is missing: everything is allowed."""
    return {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }


def source_refusal(project: AppProject, source: ApplicationSource) -> str:
    """Why the project does not allow a source; empty: it does."""
    url = parse_url(source.repo_url)
    if url is None:
        return f"source {source.repo_url!r} is no plain repository URL; write it without .., ?, # and encoded slashes"
    rules = project.spec.source_repos or ()
    denying = [rule for rule in rules if rule.startswith(DENIES) and _covers(rule[1:], str(url))]
    if denying:
        return _refused(project, f"source {source.repo_url}", "sourceRepos", f"{denying[0]} denies it; use another")
    if any(_covers(rule, str(url)) for rule in rules if not rule.startswith(DENIES)):
        return ""
    return _refused(project, f"source {source.repo_url}", "sourceRepos", "add it there")


def _covers(rule: str, url: str) -> bool:
    return glob_matches(normal_rule(rule), url, "/")


def destination_refusal(project: AppProject, cluster: Cluster, namespace: str) -> str:
    """Why the project does not allow a namespace of a cluster; empty: it does.

    Args:
        project: the application's.
        cluster: the one that the destination means, see ``varde.model.cluster.cluster_of``.
        namespace: empty where the application has cluster-scoped objects only.
    """
    place = f"destination {cluster.name} ({cluster.server}), namespace {namespace or '(none)'}"
    if cluster.project not in ("", project.metadata.name):
        return f"{place} belongs to project {cluster.project}, not {project.metadata.name}; use another cluster"
    if project.spec.permit_only_project_scoped_clusters and not cluster.project:
        way_out = f"set project: {project.metadata.name} in the cluster's Secret"
        return _refused(project, place, "permitOnlyProjectScopedClusters", way_out)
    rules = project.spec.destinations or ()
    if any(_destination_denies(rule, cluster, namespace) for rule in rules):
        return _refused(project, place, "destinations", "a rule with ! denies it; use another")
    if any(_destination_allows(rule, cluster, namespace) for rule in rules):
        return ""
    return _refused(project, place, "destinations", "add it there")


def _destination_allows(rule: ApplicationDestination, cluster: Cluster, namespace: str) -> bool:
    """A rule allows by its cluster's URL or name, and its namespace; one with ``!`` allows nothing."""
    server, name, space = rule.server or "", rule.name or "", rule.namespace or ""
    if any(pattern.startswith(DENIES) for pattern in (server, name, space)):
        return False
    right_cluster = _matches(server, cluster.server) or _matches(name, cluster.name)
    return right_cluster and glob_matches(space, namespace)


def _destination_denies(rule: ApplicationDestination, cluster: Cluster, namespace: str) -> bool:
    """A rule denies when a field with ``!`` matches and so do all its others."""
    fields = ((rule.server, cluster.server), (rule.name, cluster.name), (rule.namespace, namespace))
    given = [(pattern, value) for pattern, value in fields if pattern]
    denied = any(_matches(pattern[1:], value) for pattern, value in given if pattern.startswith(DENIES))
    return denied and all(_matches(pattern, value) for pattern, value in given if not pattern.startswith(DENIES))


def _matches(pattern: str, value: str) -> bool:
    """Of a cluster's two names a rule gives one; the other, left out, matches nothing."""
    return pattern != "" and glob_matches(pattern, value)


def object_refusal(project: AppProject, key: ResourceKey, *, namespaced: bool, cluster: Cluster) -> str:
    """Why the project does not allow one object; empty: it does.

    Args:
        project: the application's.
        key: of the object, with the namespace it will really be in.
        namespaced: whether its kind lives in namespaces, as discovery says.
        cluster: where it goes.
    """
    if namespaced:
        return _namespaced_refusal(project, key) or namespace_refusal(project, key, cluster)
    spec = project.spec
    if not _listed(spec.cluster_resource_whitelist or (), key):
        return _refused(project, str(key), "clusterResourceWhitelist", "add its kind there")
    if _listed(spec.cluster_resource_blacklist or (), key):
        return _refused(project, str(key), "clusterResourceBlacklist", "remove the object from Git")
    return ""


def namespace_refusal(project: AppProject, key: ResourceKey, cluster: Cluster) -> str:
    """Why an object may not be in its namespace; a manifest can name another than the destination's."""
    refusal = destination_refusal(project, cluster, key.namespace)
    return f"{key}: {refusal}" if refusal else ""


def _namespaced_refusal(project: AppProject, key: ResourceKey) -> str:
    spec = project.spec
    # Argo CD tells an absent whitelist (all) from an empty one (none).
    if isinstance(spec.namespace_resource_whitelist, tuple) and not _listed(spec.namespace_resource_whitelist, key):
        return _refused(project, str(key), "namespaceResourceWhitelist", "add its kind there")
    if _listed(spec.namespace_resource_blacklist or (), key):
        return _refused(project, str(key), "namespaceResourceBlacklist", "remove the object from Git")
    return ""


def _listed(items: Iterable[GroupKind | ClusterResourceRestrictionItem], key: ResourceKey) -> bool:
    return any(
        glob_matches(item.group, key.group)
        and glob_matches(item.kind, key.kind)
        and (isinstance(item, GroupKind) or not item.name or glob_matches(item.name, key.name))
        for item in items
    )


def _refused(project: AppProject, what: str, rule: str, way_out: str) -> str:
    return f"{what} is not permitted in project {project.metadata.name} by spec.{rule}; {way_out}"
