"""``ApplicationSet``: many Applications from one template and what its generators find.

The parts are in ``applicationset_generators`` and ``applicationset_providers``; this module gives all of their names.
"""

from msgspec import UNSET

from varde.model import applicationset_generators, applicationset_providers
from varde.model.application import HealthStatus, ResourceStatus
from varde.model.applicationset_generators import *  # noqa: F403  the parts' names are this module's too
from varde.model.applicationset_generators import ApplicationSetGenerator, ApplicationSetTemplate
from varde.model.applicationset_providers import *  # noqa: F403  the same
from varde.model.meta import IntOrString, Maybe, ObjectMeta, Timestamp, Wire

__all__ = [
    "ApplicationMatchExpression",
    "ApplicationPreservedFields",
    "ApplicationSet",
    "ApplicationSetApplicationStatus",
    "ApplicationSetCondition",
    "ApplicationSetResourceIgnoreDifferences",
    "ApplicationSetRolloutStep",
    "ApplicationSetRolloutStrategy",
    "ApplicationSetSpec",
    "ApplicationSetStatus",
    "ApplicationSetStrategy",
    "ApplicationSetSyncPolicy",
]
__all__ += applicationset_generators.__all__
__all__ += applicationset_providers.__all__


class ApplicationSetSyncPolicy(Wire, frozen=True, kw_only=True):
    """What becomes of the Applications."""

    preserve_resources_on_deletion: Maybe[bool] = UNSET
    """Keep what the Applications made when the ApplicationSet goes."""
    applications_sync: Maybe[str] = UNSET
    """create-only, create-update, create-delete or sync."""


class ApplicationMatchExpression(Wire, frozen=True, kw_only=True):
    """A condition on a label of the Applications."""

    key: Maybe[str] = UNSET
    """The label."""
    operator: Maybe[str] = UNSET
    """In or NotIn."""
    values: Maybe[tuple[str, ...]] = UNSET
    """The values."""


class ApplicationSetRolloutStep(Wire, frozen=True, kw_only=True):
    """Applications that are updated together."""

    match_expressions: Maybe[tuple[ApplicationMatchExpression, ...]] = UNSET
    """Which Applications they are."""
    max_update: Maybe[IntOrString] = UNSET
    """How many at a time, as a number or a percentage."""


class ApplicationSetRolloutStrategy(Wire, frozen=True, kw_only=True):
    """An update in steps; each waits until the one before is healthy."""

    steps: Maybe[tuple[ApplicationSetRolloutStep, ...]] = UNSET
    """The steps in order."""


class ApplicationSetStrategy(Wire, frozen=True, kw_only=True):
    """In what order the Applications are updated."""

    type: Maybe[str] = UNSET
    """AllAtOnce or RollingSync."""
    rolling_sync: Maybe[ApplicationSetRolloutStrategy] = UNSET
    """The steps of RollingSync."""
    deletion_order: Maybe[str] = UNSET
    """AllAtOnce or Reverse."""


class ApplicationPreservedFields(Wire, frozen=True, kw_only=True):
    """What others may write on the Applications."""

    annotations: Maybe[tuple[str, ...]] = UNSET
    """Names of annotations."""
    labels: Maybe[tuple[str, ...]] = UNSET
    """Names of labels."""


class ApplicationSetResourceIgnoreDifferences(Wire, frozen=True, kw_only=True):
    """Fields of the Applications in which a difference does not count."""

    name: Maybe[str] = UNSET
    """Name of the Application; all when absent."""
    json_pointers: Maybe[tuple[str, ...]] = UNSET
    """The fields, as JSON pointers."""
    jq_path_expressions: Maybe[tuple[str, ...]] = UNSET
    """The fields, as jq paths."""


class ApplicationSetSpec(Wire, frozen=True, kw_only=True):
    """Which Applications should be."""

    go_template: Maybe[bool] = UNSET
    """The template is a Go template, not plain placeholders."""
    generators: tuple[ApplicationSetGenerator, ...]
    """What the parameters are made of."""
    template: ApplicationSetTemplate
    """The Application with places for parameters."""
    sync_policy: Maybe[ApplicationSetSyncPolicy] = UNSET
    """What becomes of the Applications."""
    strategy: Maybe[ApplicationSetStrategy] = UNSET
    """In what order the Applications are updated."""
    preserved_fields: Maybe[ApplicationPreservedFields] = UNSET
    """What others may write on the Applications."""
    go_template_options: Maybe[tuple[str, ...]] = UNSET
    """Options of Go templates, such as missingkey=error."""
    apply_nested_selectors: Maybe[bool] = UNSET
    """Always so; the field is kept for older objects."""
    ignore_application_differences: Maybe[tuple[ApplicationSetResourceIgnoreDifferences, ...]] = UNSET
    """Differences in the Applications that do not count."""
    template_patch: Maybe[str] = UNSET
    """A template of a patch that is laid over the template's outcome."""


class ApplicationSetCondition(Wire, frozen=True, kw_only=True):
    """Something that is wrong, or should be known."""

    type: str
    """What sort, such as ErrorOccurred."""
    message: str
    """What, where, and the way out."""
    last_transition_time: Maybe[Timestamp] = UNSET
    """Since when."""
    status: str
    """True, False or Unknown."""
    reason: str
    """Why, in one word."""


class ApplicationSetApplicationStatus(Wire, frozen=True, kw_only=True):
    """How far the update of one Application is."""

    application: str
    """Name of the Application."""
    last_transition_time: Maybe[Timestamp] = UNSET
    """Since when."""
    message: str
    """Why."""
    status: str
    """Waiting, Pending, Progressing or Healthy."""
    step: str
    """The step that it belongs to."""
    target_revisions: Maybe[tuple[str, ...]] = UNSET
    """Revisions that it should reach."""


class ApplicationSetStatus(Wire, frozen=True, kw_only=True):
    """What is so."""

    conditions: Maybe[tuple[ApplicationSetCondition, ...]] = UNSET
    """What is wrong, or should be known."""
    application_status: Maybe[tuple[ApplicationSetApplicationStatus, ...]] = UNSET
    """How far the update of each Application is."""
    resources: Maybe[tuple[ResourceStatus, ...]] = UNSET
    """The Applications."""
    resources_count: Maybe[int] = UNSET
    """How many Applications there are."""
    health: Maybe[HealthStatus] = UNSET
    """How well the ApplicationSet is."""


class ApplicationSet(Wire, frozen=True, kw_only=True):
    """Many Applications from one template."""

    metadata: ObjectMeta
    spec: ApplicationSetSpec
    """Which Applications should be."""
    status: Maybe[ApplicationSetStatus] = UNSET
    """What is so."""
