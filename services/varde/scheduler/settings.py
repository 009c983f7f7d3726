"""Settings of a scheduler, from ``VARDE_*`` variables."""

import msgspec

__all__ = ["Settings"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scheduler process, which leads or stands by.

    Attributes:
        kubeconfig: path; empty: the service account of the Pod.
        namespace: the control namespace, where Applications and settings are.
        redis_url: of the queues, with user and password in it.
        listen: ``host:port`` of its HTTP.
        advertise: URL at which the other services reach it once it leads; empty: ``listen``.
        repo_server_url: base URL of the repo-server.
        take_over: issue messages although an Argo CD controller runs here.
        id: name of this process in its Lease; empty: the host's name. A random end is added.
        otlp_endpoint: where spans go besides Redis; empty: nowhere.
    """

    kubeconfig: str = ""
    namespace: str = "argocd"
    redis_url: str = ""
    listen: str = "127.0.0.1:8082"
    advertise: str = ""
    repo_server_url: str = "http://127.0.0.1:8081"
    take_over: bool = False
    id: str = ""
    otlp_endpoint: str = ""
