"""Settings of the repo-server, from ``VARDE_*`` variables."""

import msgspec

__all__ = ["RepoServerSettings"]


class RepoServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One repo-server process.

    Attributes:
        kubeconfig: path; empty: the service account of the Pod.
        namespace: the control namespace, where the repositories' Secrets and the settings are.
        redis_url: where ended spans go; empty: nowhere.
        listen: ``host:port`` of HTTP.
        advertise: URL that others reach it by; they are told it by their own settings, so it is only logged.
        repo_server_url: unused, as this is it; taken so that all services share one set of names.
        take_over: unused, as it writes to no cluster; taken for the same reason.
        id: name of this process in logs; empty: the host's name.
        otlp_endpoint: where spans go besides Redis; empty: nowhere.
        store: folder of the mirrors; it may be lost at any time, then they are fetched anew.
    """

    kubeconfig: str = ""
    namespace: str = "argocd"
    redis_url: str = ""
    listen: str = "127.0.0.1:8081"
    advertise: str = ""
    repo_server_url: str = ""
    take_over: bool = False
    id: str = ""
    otlp_endpoint: str = ""
    store: str = "/var/lib/varde/mirrors"
