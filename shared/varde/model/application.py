"""``Application``: what one application should be, what is asked of it now, and what is so.

Scheduler, worker, observer and api read it; the worker writes to its status, with patches of single fields. The parts
are in ``source``, ``sync`` and ``status``; this module gives all of their names.
"""

from msgspec import UNSET

from varde.model import source, status, sync
from varde.model.message import AppKey
from varde.model.meta import Maybe, ObjectMeta, Wire
from varde.model.source import *  # noqa: F403  the parts' names are this module's too
from varde.model.source import ApplicationSource, SourceHydrator
from varde.model.status import *  # noqa: F403  the same
from varde.model.status import ApplicationStatus
from varde.model.sync import *  # noqa: F403  the same
from varde.model.sync import ApplicationDestination, Info, Operation, ResourceIgnoreDifferences, SyncPolicy

__all__ = ["Application", "ApplicationSpec"]
__all__ += source.__all__
__all__ += status.__all__
__all__ += sync.__all__


class ApplicationSpec(Wire, frozen=True, kw_only=True):
    """What an application should be."""

    source: Maybe[ApplicationSource] = UNSET
    """Where its desired state comes from."""
    destination: ApplicationDestination
    """Where it goes to."""
    project: str
    """The AppProject whose rules it keeps; default when empty."""
    sync_policy: Maybe[SyncPolicy] = UNSET
    """When and how to sync."""
    ignore_differences: Maybe[tuple[ResourceIgnoreDifferences, ...]] = UNSET
    """Differences that do not count."""
    info: Maybe[tuple[Info, ...]] = UNSET
    """What people should know of it."""
    revision_history_limit: Maybe[int] = UNSET
    """How many syncs of the past to keep; 10 when absent."""
    sources: Maybe[tuple[ApplicationSource, ...]] = UNSET
    """Several sources; they win over source."""
    source_hydrator: Maybe[SourceHydrator] = UNSET
    """Render from one place, push the outcome to another, sync from there."""

    @property
    def all_sources(self) -> tuple[ApplicationSource, ...]:
        """Its sources in order; as in Argo CD, ``sources`` wins over ``source``."""
        return self.sources or ((self.source,) if self.source else ())


class Application(Wire, frozen=True, kw_only=True):
    """Desired state from Git, a destination, and what became of it."""

    metadata: ObjectMeta
    spec: ApplicationSpec
    """What the application should be."""
    status: Maybe[ApplicationStatus] = UNSET
    """What is so."""
    operation: Maybe[Operation] = UNSET
    """Something to do now; taken off once it has begun."""

    @property
    def key(self) -> AppKey:
        """Its namespace and name."""
        return AppKey(namespace=self.metadata.namespace or "", name=self.metadata.name)

    @property
    def project_name(self) -> str:
        """Name of its AppProject."""
        return self.spec.project or "default"
