"""What the load test asks of an engine: a plug that speaks Git, webhooks and objects of the Kubernetes API only.

The harness makes repositories, creates and deletes objects, pushes, and takes every time by its own watches. An engine
says how it is started, which of its objects stand for a fleet, and how to read one of them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from loadtest.budget import Told
from loadtest.fleet import Application, Fleet
from varde.model.resource import Manifest

__all__ = ["Engine", "Explained", "Kind", "Site", "Standing", "Webhook"]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Of the objects that stand for applications, one for each, and the one namespace that they are in."""

    group: str
    kind: str
    namespace: str


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where an engine is started.

    ``kubeconfig``: of an administrator. ``git_url``: base of the Git host, which serves only once the engine has
    started; ``GIT_URL/REPOSITORY.git`` is a repository, open to anybody. ``folder``: the engine's own, empty at the
    first start and kept for the next ones, on tmpfs where there is one; logs go here too. ``poll_interval_s``: how
    often to look for commits and drift without being told; long, so that no poll falls into another measurement.
    """

    kubeconfig: Path
    git_url: str
    folder: Path
    poll_interval_s: float

    def url_of(self, repository: str) -> str:
        """What a repository of the fleet is cloned by."""
        return f"{self.git_url}/{repository}.git"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """Where the Git host tells of pushes: as GitHub does it, signed with ``secret`` (X-Hub-Signature-256).

    ``whole_seconds``: the receiver takes no finer time of the push than GitHub's own.
    """

    url: str
    secret: str
    whole_seconds: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one application stands, as its object says.

    ``revision``: the commit that it says it is synced to, in full; empty when it does not say. ``refreshing``: what
    ``refresh_patch`` asked for is not done yet.
    """

    name: str
    synced: bool
    healthy: bool
    revision: str = ""
    refreshing: bool = False


class Engine(Protocol):
    """One engine under test. Made without arguments; the calls come in the order in which they stand here."""

    name: str
    """Such as ``argocd``: names it in results."""
    version: str
    """Of what is measured; known after ``prepare``."""
    kind: Kind

    async def prepare(self) -> None:
        """Have its programs, built or fetched where they must be; may take minutes once.

        Raises:
            Terminal: one can be had nowhere; names what to mend.
        """
        ...

    async def install(self, site: Site) -> None:
        """Put its CRDs, namespaces, settings and accounts into the cluster; nothing of it runs yet.

        The raw limit is measured between this and ``start``, on objects of ``kind`` (merge-patched in their status).
        """
        ...

    async def start(self, site: Site) -> None:
        """Start its processes; returns once it would take up an application at once.

        Also called after ``stop`` at the same site, with a fleet in the cluster: then it is a restart.

        Raises:
            Terminal: a process ended or did not get ready; carries the end of its log.
        """
        ...

    def processes(self) -> Mapping[str, int]:
        """Process ids of its own programs that run, by name; children are counted with them."""
        ...

    def stores(self) -> Mapping[str, int]:
        """The same of the caches and queues that were started with it, such as Valkey: they are told beside it."""
        ...

    def webhook(self) -> Webhook:
        """Where pushes are told of; the same after a restart."""
        ...

    def manifests(self, fleet: Fleet, site: Site) -> tuple[Manifest, ...]:
        """The objects that deploy a fleet: what several applications share first, then one of ``kind`` for each.

        All in ``kind.namespace``; automated sync with prune and self-heal, no finalizers (the harness removes objects),
        no creation of namespaces (the harness makes them), destination the cluster that it runs in. The object of an
        application bears its name.
        """
        ...

    def standing(self, content: bytes) -> Standing:
        """Read an object of ``kind`` (JSON, from a list or a watch); decode no more than is needed."""
        ...

    def refresh_patch(self, token: str) -> dict[str, Any]:
        """The merge patch of an application's object that asks for a look at Git and cluster, by annotation.

        Args:
            token: new with each request, for engines that tell requests apart by it.
        """
        ...

    async def poll_each(self, fleet: Fleet, interval_s: float) -> None:
        """Change how often it polls, with a fleet at rest; may restart processes, returns once all are ready."""
        ...

    async def stop(self) -> None:
        """End its processes, in order and by id; harmless when nothing runs."""
        ...


@runtime_checkable
class Explained(Protocol):
    """An engine that tells where the time of a push went, by itself."""

    async def told(self, application: Application, revision: str) -> Told | None:
        """The push of a commit up to synced; None when it cannot tell."""
        ...
