"""Whether the cluster is what Git says, after all that was done: every object is counted, every marker read."""

from collections import Counter

import msgspec

from loadtest import fleet_content
from loadtest.results import Outcome
from loadtest.trial import Trial
from varde.errors import Terminal

__all__ = ["check"]

SHOWN = 5
OF_KUBERNETES = frozenset({"kube-root-ca.crt"})
"""kube-controller-manager puts it into every namespace."""


class _Metadata(msgspec.Struct, frozen=True):
    name: str


class _Item(msgspec.Struct, frozen=True):
    metadata: _Metadata


class _List(msgspec.Struct, frozen=True):
    items: tuple[_Item, ...] = ()


async def check(trial: Trial) -> Outcome:
    """Compare.

    Raises:
        Terminal: something is missing, too much, or has another value; says what.
    """
    wanted: Counter[tuple[str, str, str]] = Counter()
    for application in trial.fleet.applications:
        for manifest in fleet_content.objects(application):
            wanted[manifest["kind"], application.namespace, manifest["metadata"]["name"]] += 1
    present: Counter[tuple[str, str, str]] = Counter()
    for namespace in trial.fleet.namespaces:
        for group, kind in fleet_content.KINDS:
            path = await trial.server.collection(group, kind, namespace)
            listing = msgspec.json.decode(await trial.server.get(path), type=_List)
            names = {item.metadata.name for item in listing.items} - OF_KUBERNETES
            present.update((kind, namespace, name) for name in names)
    wrong = {
        "missing": tuple(wanted - present),
        "too much": tuple(present - wanted),
        "other values": tuple(trial.wrong().items()),
    }
    said = "; ".join(f"{how}: {len(what)}, such as {what[:SHOWN]}" for how, what in wrong.items() if what)
    if said:
        raise Terminal(f"the cluster is not what Git says: {said}")
    return Outcome(figures={"checked_objects": float(wanted.total())})
