"""Desired state: resolve the revision, fetch the inputs by digest, render, bring into the form that is applied."""

from collections.abc import Callable

import msgspec

from varde.core.desired import Desired, normalise
from varde.core.origin import located, told
from varde.core.tenancy import object_refusal
from varde.core.tracking import Tracker, TrackingMethod
from varde.core.unsupported import unsupported_object
from varde.errors import Terminal
from varde.model.application import Operation
from varde.model.inputs import Commit, InputsAnswer, InputsRequest
from varde.model.message import Lane, Wake
from varde.model.resource import Manifest, Rendered
from varde.ports.kube import Cluster
from varde.telemetry import tracing
from varde.telemetry.metrics.caches import looked_up
from varde.worker.subject import Subject
from varde.worker.world import World

__all__ = ["DesiredState", "automated", "desire"]

FRESH_S = 10.0
"""A look at the remote that is this old will do, unless a person asked since."""


class _Names(msgspec.Struct, frozen=True):
    kind: str


class _DefinitionSpec(msgspec.Struct, frozen=True):
    group: str
    names: _Names
    scope: str


class _Definition(msgspec.Struct, frozen=True):
    """A CustomResourceDefinition, as far as it tells the scope of its kind."""

    spec: _DefinitionSpec


class DesiredState(msgspec.Struct, frozen=True, kw_only=True):
    """What Git wants of one application at one commit.

    ``revision``: the last commit that changed these inputs, as far as the status knows; what the status is to name.
    """

    commit: Commit
    revision: str
    digest: str
    source_type: str
    objects: tuple[Desired, ...]


async def desire(world: World, of: Subject, wake: Wake) -> DesiredState:
    """The desired state of an application.

    Raises:
        Terminal: the repository, the path, a manifest or the project's rules refuse; the text says which, where and
            what to do.
        Transient: Git or the repo-server cannot be reached.
    """
    answer = await _inputs(world, of, wake)
    rendered = await _rendered(world, of, answer, hard=wake.hard)
    objects = normalise(
        rendered,
        destination_namespace=of.namespace,
        namespaced=await _scopes(world.cluster, rendered),
        tracker=_tracker(of),
        digest_key=world.digest_key,
    )
    _refuse_foreign(of, objects)
    return DesiredState(
        commit=answer.commit,
        revision=_touching(of, answer),
        digest=answer.digest,
        source_type=answer.source_type,
        objects=objects,
    )


def _touching(of: Subject, answer: InputsAnswer) -> str:
    """The revision to name: the status's own while its inputs are these, but for what a person asked for.

    A refresh is written anyway, so it names the commit that was looked at, as in Argo CD; in the middle of a sync it
    would begin that anew.
    """
    before = of.status.sync.revision if of.status.sync else ""
    asked = of.app.operation or (of.asked and of.phase != "Running")
    if before and of.record.inputs == (answer.digest,) and not asked:
        return before
    return answer.commit.id


async def _inputs(world: World, of: Subject, wake: Wake) -> InputsAnswer:
    known = tuple(digest for digest in of.record.inputs if digest in world.rendered.digests and not wake.hard)
    request = InputsRequest(
        source=of.source,
        project=of.project.metadata.name,
        revision=_revision(of, wake),
        expect=wake.revisions[0] if wake.revisions else "",
        freshness_s=_freshness_s(wake, world.now_s()),
        known=known,
    )
    with tracing.span("inputs"):
        answer = await world.repositories.inputs(request)
    looked_up("inputs", known=answer.digest in known)
    return answer


def _freshness_s(wake: Wake, now_s: float) -> float:
    """How old a look at the remote may be: for a person no older than what they asked, so that many share one."""
    waited_s = max(now_s - wake.issued_at_s, 0.0)
    return waited_s if wake.lane is Lane.PERSON else max(waited_s, FRESH_S)


def _revision(of: Subject, wake: Wake) -> str:
    """The commit or targetRevision to look at.

    What a person asks for, or asked for in the operation under way; else the source's own, unless an automated
    operation under way goes on and the scheduler knows of nothing newer. The commit that the scheduler knows of is none
    to go by: the message may be old, or the source another by now.
    """
    asked = of.app.operation.sync.revision if of.app.operation and of.app.operation.sync else ""
    running = of.status.operation_state if of.phase == "Running" else None
    if running and running.operation.sync and not asked and not automated(running.operation):
        asked = running.operation.sync.revision
    if asked:
        return asked
    if running and running.sync_result and not wake.revisions and wake.lane is not Lane.PERSON:
        return running.sync_result.revision
    return of.source.target_revision or ""


def automated(operation: Operation) -> bool:
    """Whether Varde itself asked for an operation, not a person."""
    return bool(operation.initiated_by and operation.initiated_by.automated)


async def _rendered(world: World, of: Subject, answer: InputsAnswer, *, hard: bool) -> tuple[Rendered, ...]:
    cached = None if hard else world.rendered.get(answer.digest)
    looked_up("rendered", known=cached is not None)
    if cached is not None:
        return cached
    with tracing.span("render"):
        rendered = await world.renderers.of(answer.source_type).render(of.source, answer.files)
    world.rendered.put(answer.digest, rendered)
    return rendered


async def _scopes(cluster: Cluster, rendered: tuple[Rendered, ...]) -> Callable[[str, str], bool]:
    """Tells which kinds have namespaces: by the CRDs among the objects, else by the cluster's discovery."""
    scopes = dict(filter(None, (_defined(one.manifest) for one in rendered)))
    for one in rendered:
        group, _, version = one.manifest["apiVersion"].rpartition("/")
        kind = one.manifest["kind"]
        if (group, kind) not in scopes:
            with located(one.origin):
                scopes[group, kind] = (await cluster.resource_type(group, kind, version)).namespaced
    return lambda group, kind: scopes[group, kind]


def _defined(crd: Manifest) -> tuple[tuple[str, str], bool] | None:
    """The kind that a CRD defines, and whether it has namespaces; a malformed CRD is for the API server to refuse."""
    if crd["kind"] != "CustomResourceDefinition":
        return None
    try:
        definition = msgspec.convert(crd, _Definition).spec
    except msgspec.ValidationError:
        return None
    return (definition.group, definition.names.kind), definition.scope == "Namespaced"


def _tracker(of: Subject) -> Tracker:
    return Tracker(
        app=of.key,
        instance=of.instance,
        destination_namespace=of.namespace,
        method=TrackingMethod(of.settings.tracking_method),
        label_key=of.settings.instance_label_key,
    )


def _refuse_foreign(of: Subject, objects: tuple[Desired, ...]) -> None:
    """Hold every rendered object against its project, and against what is built."""
    refusals = [refusal for one in objects for refusal in _refusals(of, one)]
    if refusals:
        raise Terminal("; ".join(refusals), reason="InvalidSpecError")


def _refusals(of: Subject, one: Desired) -> tuple[str, ...]:
    foreign = object_refusal(of.project, one.key, namespaced=bool(one.key.namespace), cluster=of.destination)
    return tuple(told(one.origin, refusal) for refusal in (foreign, *unsupported_object(one.manifest)) if refusal)
