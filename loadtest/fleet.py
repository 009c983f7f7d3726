"""What is deployed: applications over repositories and namespaces, all from one seed, as values.

``fleet_content.py`` says what lies in Git for them; an engine says which of its objects stand for them.
"""

from random import Random
from typing import Literal

import msgspec

__all__ = ["Application", "Fleet", "Renderer", "Shape", "made"]

Renderer = Literal["plain", "kustomize"]
"""What an application's folder has to be rendered with. A further kind is a name here and its files in
``fleet_content.py``."""


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person chooses of a fleet.

    ``objects``: of each application; 3 are a ConfigMap, a Service and a Deployment, further ones ConfigMaps.
    ``kustomize_share``: of the applications, from 0 to 1. ``applications_per_base``: how many overlays share a base.
    """

    applications: int
    objects: int = 3
    repositories: int = 1
    namespaces: int = 1
    kustomize_share: float = 0.0
    applications_per_base: int = 100


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """One application. ``path``: of its folder in the repository. ``base``: of the shared base; empty for plain."""

    name: str
    repository: str
    path: str
    namespace: str
    renderer: Renderer
    objects: int
    base: str = ""


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """All applications, in the order in which they are created."""

    seed: int
    shape: Shape
    applications: tuple[Application, ...]

    @property
    def repositories(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(dict.fromkeys(application.repository for application in self.applications))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(dict.fromkeys(application.namespace for application in self.applications))

    @property
    def objects(self) -> int:
        """Of all applications."""
        return sum(application.objects for application in self.applications)


def made(shape: Shape, seed: int, *, name: str = "app") -> Fleet:
    """A fleet of a shape.

    Args:
        shape: see ``Shape``.
        seed: decides which applications are kustomize ones.
        name: begins the names of all that is in it, so that two fleets fit into one cluster.
    """
    chance = Random(seed)  # noqa: S311  which of equal ones
    total = shape.applications
    overlays = frozenset(chance.sample(range(total), round(total * shape.kustomize_share)))
    return Fleet(
        seed=seed,
        shape=shape,
        applications=tuple(_application(shape, number, name, overlay=number in overlays) for number in range(total)),
    )


def _application(shape: Shape, number: int, name: str, *, overlay: bool) -> Application:
    own = f"{name}-{number:05}"
    return Application(
        name=own,
        repository=f"{name}-repository-{number % shape.repositories:03}",
        path=f"apps/{own}",
        namespace=f"{name}-namespace-{number % shape.namespaces:03}",
        renderer="kustomize" if overlay else "plain",
        objects=shape.objects,
        base=f"bases/{number // shape.applications_per_base:03}" if overlay else "",
    )
