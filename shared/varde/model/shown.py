"""What dashboards show of an Application: the labels of Argo CD's per-application metrics, kept small and shared."""

import msgspec

__all__ = ["Operated", "Shown"]


class Operated(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest operation that ended: when (Unix seconds) and after how long."""

    phase: str
    finished_at_s: float
    took_s: float
    dry_run: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One Application. ``repo`` is in normal form, without a user; ``labels``: values of those that people asked for.

    ``conditions`` are types, one each; ``operation`` is ``delete``, ``sync`` or empty.
    """

    repo: str = ""
    destination_server: str = ""
    destination_namespace: str = ""
    automated: bool = False
    sync: str = "Unknown"
    health: str = "Unknown"
    operation: str = ""
    conditions: tuple[str, ...] = ()
    operated: Operated | None = None
    labels: tuple[str, ...] = ()
