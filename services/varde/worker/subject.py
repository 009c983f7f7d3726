"""The application that a message is about, as read at the beginning: everything later decides on this value."""

import msgspec

from varde.core.scheduling import spec_digest
from varde.core.tracking import instance_name
from varde.errors import Terminal
from varde.model.application import Application, ApplicationSource, ApplicationStatus
from varde.model.claim import REFRESH_ANNOTATION, SYNC_ANNOTATION, SyncRecord
from varde.model.cluster import Cluster, cluster_of
from varde.model.message import AppKey
from varde.model.meta import ObjectMeta, decode
from varde.model.project import AppProject, AppProjectSpec
from varde.model.resource import Manifest, ResourceKey
from varde.model.settings import ArgoSettings

__all__ = ["Subject", "application_key", "renewed", "subject"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One application with all that its reconcile depends on.

    ``raw`` is the Application as the API server has it, for patches; ``spec`` is the digest of its spec;
    ``instance`` is the name that its tracking ids carry; ``term`` is that of the shard's membership at the claim.
    """

    raw: Manifest
    app: Application
    record: SyncRecord
    project: AppProject
    settings: ArgoSettings
    spec: str
    instance: str
    term: int = 0

    @property
    def key(self) -> AppKey:
        """Namespace and name."""
        return self.app.key

    @property
    def source(self) -> ApplicationSource:
        """Its one source.

        Raises:
            Terminal: it has none; several are refused before anybody asks.
        """
        sources = self.app.spec.all_sources
        if not sources:
            raise Terminal(f"Application {self.key} names no source; set spec.source", reason="InvalidSpecError")
        return sources[0]

    @property
    def way(self) -> str:
        """Digest of where it comes from and goes to: what a sync attempts, whatever its policy is."""
        spec = self.raw["spec"]
        return spec_digest({name: spec.get(name) for name in ("source", "sources", "destination")})

    @property
    def destination(self) -> Cluster:
        """The cluster that it goes to.

        Raises:
            Terminal: it names none, or one that is not known.
        """
        return cluster_of(self.app.spec.destination)

    @property
    def namespace(self) -> str:
        """The destination's namespace."""
        return self.app.spec.destination.namespace or ""

    @property
    def sync_options(self) -> tuple[str, ...]:
        """The application's own, such as ``CreateNamespace=true``."""
        policy = self.app.spec.sync_policy
        return (policy.sync_options if policy else ()) or ()

    @property
    def status(self) -> ApplicationStatus:
        """Its status; an empty one when it has none yet."""
        return self.app.status or ApplicationStatus()

    @property
    def new(self) -> bool:
        """Whether it was never compared or synced, as far as its status knows."""
        status = self.status
        return not (status.sync or status.resources or status.operation_state or status.history)

    @property
    def asked(self) -> bool:
        """Whether a person asks for a look now."""
        return REFRESH_ANNOTATION in (self.app.metadata.annotations or {})

    @property
    def interrupted(self) -> bool:
        """Whether a turn before ended without the answers to all its writes, so that one may still land."""
        return self.record.unanswered or self.record.claim is not None

    @property
    def phase(self) -> str:
        """Phase of its newest operation; empty when there was none."""
        return self.status.operation_state.phase if self.status.operation_state else ""


def application_key(key: AppKey) -> ResourceKey:
    """Where the Application itself is."""
    return ResourceKey(group="argoproj.io", kind="Application", namespace=key.namespace, name=key.name)


def subject(raw: Manifest, settings: ArgoSettings, control_namespace: str) -> Subject:
    """Read an Application; its project has no rules yet, as a deletion, or the report of a missing one, asks for none.

    Raises:
        Terminal: it does not fit its type, or the annotation of an earlier sync cannot be read.
    """
    app = decode(raw, Application)
    return Subject(
        raw=raw,
        app=app,
        record=_record(app),
        project=AppProject(metadata=ObjectMeta(name=app.project_name), spec=AppProjectSpec()),
        settings=settings,
        spec=spec_digest(raw["spec"]),
        instance=instance_name(app.key, control_namespace),
    )


def renewed(of: Subject, raw: Manifest) -> Subject:
    """The same application as it is after a write, or read again; project and settings stay those of the beginning."""
    app = decode(raw, Application)
    return msgspec.structs.replace(of, raw=raw, app=app, record=_record(app), spec=spec_digest(raw["spec"]))


def _record(app: Application) -> SyncRecord:
    text = (app.metadata.annotations or {}).get(SYNC_ANNOTATION, "{}")
    try:
        return msgspec.json.decode(text, type=SyncRecord)
    except msgspec.MsgspecError as error:
        raise Terminal(f"Application {app.key}: annotation {SYNC_ANNOTATION} is damaged; remove it") from error
