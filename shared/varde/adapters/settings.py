"""Settings from the environment, read once at start: those that all services share, and how a service's are loaded."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from varde.core.sampling import Sampling
from varde.errors import Terminal

__all__ = ["ServiceSettings", "load"]

PREFIX = "VARDE_"


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every service takes, so that one set of variables serves them all; each adds its own.

    Attributes:
        kubeconfig: path; empty: the service account of the Pod.
        namespace: the control namespace, where Applications and settings are.
        redis_url: of queues, caches and spans, with user and password in it.
        listen: ``host:port`` of the service's HTTP.
        advertise: URL at which others reach it; empty: ``listen``.
        repo_server_url: base URL of the repo-server.
        take_over: issue messages, and so write, although an Argo CD controller runs here.
        id: name of this process in logs, Leases and the audit log; empty: the host's name.
        trace: record spans; False: no traces, and no times by phase, which are read off them.
        otlp_endpoint: where kept traces go besides Redis; empty: nowhere.
        trace_slow_s: a change that takes longer is kept whatever is usual.
        trace_share: of the changes that are neither slow nor failed nor the first of a kind, 0 to 1.
    """

    kubeconfig: str = ""
    namespace: str = "argocd"
    redis_url: str = ""
    listen: str = "127.0.0.1:8080"
    advertise: str = ""
    repo_server_url: str = "http://127.0.0.1:8081"
    take_over: bool = False
    id: str = ""
    trace: bool = True
    otlp_endpoint: str = ""
    trace_slow_s: float = 60.0
    trace_share: float = 0.01

    @property
    def sampling(self) -> Sampling:
        """Which traces to keep."""
        return Sampling(slow_s=self.trace_slow_s, share=self.trace_share)


Settings = TypeVar("Settings", bound=msgspec.Struct)


def load(settings: type[Settings], environ: Mapping[str, str]) -> Settings:
    """Decode ``VARDE_*`` variables into a settings struct.

    Args:
        settings: a type whose field ``redis_url`` is read from ``VARDE_REDIS_URL``; texts become its fields' types.
        environ: the environment; names without the prefix are not looked at.

    Raises:
        Terminal: a value does not fit, or a name is unknown.
    """
    fields = {PREFIX + name.upper(): name for name in settings.__struct_fields__}
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    unknown = sorted(given.keys() - fields.keys())
    if unknown:
        raise Terminal(f"unknown setting {', '.join(unknown)}; this service knows {', '.join(sorted(fields))}")
    try:
        return msgspec.convert({fields[name]: value for name, value in given.items()}, settings, strict=False)
    except msgspec.ValidationError as error:
        raise Terminal(f"settings of the environment: {error}") from error
