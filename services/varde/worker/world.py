"""What a reconcile may use of the world: made once in ``main``, handed down as one value."""

from collections.abc import Callable

import msgspec

from varde.ports.kube import Cluster
from varde.ports.repository import Repositories
from varde.worker.applied import AppliedStore
from varde.worker.claims import Applications
from varde.worker.diffs import DiffStore
from varde.worker.namespaces import Namespaces
from varde.worker.render.cache import RenderCache
from varde.worker.render.renderers import Renderers
from varde.worker.tenants import Tenants

__all__ = ["World"]


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The worker's ports and stores.

    ``now_s`` is the wall clock in Unix seconds; ``digest_key`` keys the digests of desired objects, so that
    nobody who reads them can tell equal Secrets; ``apply_concurrency`` bounds requests at a time for one application.
    """

    cluster: Cluster
    repositories: Repositories
    renderers: Renderers
    rendered: RenderCache
    applications: Applications
    applied: AppliedStore
    diffs: DiffStore
    namespaces: Namespaces
    tenants: Tenants
    now_s: Callable[[], float]
    digest_key: bytes
    apply_concurrency: int
    control_namespace: str
