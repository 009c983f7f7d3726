"""Settings of an observer, from ``VARDE_*`` variables."""

import msgspec

__all__ = ["ObserverSettings"]


class ObserverSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One observer process.

    Attributes:
        kubeconfig: path; empty: the service account of the Pod.
        namespace: the control namespace.
        redis_url: unused here; taken so that all services share one set of names, as the next three.
        listen: ``host:port`` of the health endpoint.
        advertise: unused: nobody calls an observer.
        repo_server_url: unused.
        take_over: unused: an observer writes nothing.
        id: name of this process in the API server's audit log; empty: the host's name.
        otlp_endpoint: unused until the observer makes spans of its own.
    """

    kubeconfig: str = ""
    namespace: str = "argocd"
    redis_url: str = ""
    listen: str = "127.0.0.1:8084"
    advertise: str = ""
    repo_server_url: str = ""
    take_over: bool = False
    id: str = ""
    otlp_endpoint: str = ""
