"""Settings of a worker, from ``VARDE_*`` variables."""

import msgspec

__all__ = ["WorkerSettings"]


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One worker process, which is one shard.

    Attributes:
        kubeconfig: path; empty: the service account of the Pod.
        namespace: the control namespace, where Applications and settings are.
        redis_url: of the queues and caches, with user and password in it.
        listen: ``host:port`` of the health endpoint.
        advertise: unused by workers: nobody calls them; taken so that all services share one set of names.
        repo_server_url: base URL of the repo-server.
        take_over: write although an Argo CD controller runs here; the scheduler decides, workers obey messages.
        id: name of this process in logs and claims; empty: the host's name. A random end is added for each start, so
            that a restarted process is never mistaken for the one whose claims it finds.
        otlp_endpoint: where spans go besides Redis; empty: nowhere.
        concurrency: messages in hand at a time; they wait for I/O most of their time, so more than cores.
        apply_concurrency: requests at a time for one application: 16 reach what a two-core API server takes.
    """

    kubeconfig: str = ""
    namespace: str = "argocd"
    redis_url: str = ""
    listen: str = "127.0.0.1:8083"
    advertise: str = ""
    repo_server_url: str = "http://127.0.0.1:8081"
    take_over: bool = False
    id: str = ""
    otlp_endpoint: str = ""
    concurrency: int = 16
    apply_concurrency: int = 16
