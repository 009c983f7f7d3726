"""What must be so before anything is read from Git: the project allows it, and Varde can do all that is asked."""

from varde.core.tenancy import destination_refusal, source_refusal
from varde.core.unsupported import unknown, unsupported, unsupported_operation, unsupported_project
from varde.errors import Terminal
from varde.worker.subject import Subject

__all__ = ["admit"]


def admit(of: Subject, control_namespace: str) -> None:
    """Let an application through, or say all that is in its way.

    Raises:
        Terminal: InvalidSpecError with every reason, each naming the field and the way out.
    """
    refusals = (
        *unknown(of.raw["spec"]),
        *unsupported(of.app.spec),
        *unsupported_project(of.project, elsewhere=of.key.namespace != control_namespace),
        *_operation_refusals(of),
        source_refusal(of.project, of.source),
        destination_refusal(of.project, of.destination, of.namespace),
    )
    found = tuple(refusal for refusal in refusals if refusal)
    if found:
        raise Terminal("; ".join(found), reason="InvalidSpecError")


def _operation_refusals(of: Subject) -> tuple[str, ...]:
    asked = of.app.operation.sync if of.app.operation else None
    return unsupported_operation(asked) if asked else ()
