"""What the observer watches as metrics, Argo CD's of clusters among them; read at each scrape."""

import time
from collections.abc import Callable

from varde.model.cluster import IN_CLUSTER
from varde.observer.watches import Watches
from varde.telemetry.metrics import argocd, services

__all__ = ["follow"]


def follow(watches: Watches, *, connected: Callable[[], bool], version: str) -> None:
    """Have scrapes read the watches from now on.

    Args:
        watches: of the one cluster that is observed.
        connected: whether its API server answers.
        version: of the API server, such as ``v1.37.2``.
    """
    server = IN_CLUSTER.server
    argocd.CLUSTER_INFO.follow(lambda: {(server, version, IN_CLUSTER.name): 1})
    argocd.CLUSTER_CONNECTION.follow(lambda: {(server, version): connected()})
    argocd.CLUSTER_API_RESOURCES.follow(lambda: {(server,): len(watches.reflectors)})
    argocd.CLUSTER_OBJECTS.follow(lambda: {(server,): sum(_objects(watches).values())})
    argocd.CLUSTER_CACHE_AGE.follow(lambda: {(server,): _age_s(watches)})
    services.OBSERVED_KINDS.follow(lambda: {(): len(watches.reflectors)})
    services.OBSERVED_OBJECTS.follow(lambda: _objects(watches))


def _objects(watches: Watches) -> dict[tuple[str, ...], int]:
    return {kind: len(reflector.items) for kind, reflector in tuple(watches.reflectors.items())}


def _age_s(watches: Watches) -> float:
    """Of the youngest watch; 0 while one of them is cut off."""
    since_s = [reflector.connected_since_s for reflector in tuple(watches.reflectors.values())]
    now_s = time.monotonic()
    return min((now_s - began_s if began_s is not None else 0.0 for began_s in since_s), default=0.0)
