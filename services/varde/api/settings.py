"""What the API is told by its environment."""

import msgspec

__all__ = ["Settings"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """``VARDE_*`` of this service; see ARCHITECTURE.md for those that all services share.

    ``advertise``: the URL that people and Git hosts use; its host is taken beside the loopback names.
    ``token``: the one key to everything, for one person on one machine; empty: ask the cluster whose token it is and
    what they may do (TokenReview, SubjectAccessReview).
    ``repo_server_url`` and ``take_over`` are common to all services; the API writes to no managed cluster either way.
    """

    kubeconfig: str = ""
    namespace: str = "argocd"
    redis_url: str = ""
    listen: str = "127.0.0.1:8080"
    advertise: str = ""
    repo_server_url: str = ""
    take_over: bool = False
    id: str = ""
    otlp_endpoint: str = ""
    token: str = ""
