"""Requests to the API server by verb and resource, from its own counter ``apiserver_request_total``; open watches.

The counter knows no caller: a window holds what the engine did once the harness' own requests, which ``api_server``
counts, are taken off.
"""

import re
from collections import Counter
from collections.abc import Mapping

__all__ = ["Calls", "by_verb", "difference", "of_resource", "parsed", "total", "watches"]

Calls = Mapping[str, int]
"""How many by ``VERB resource``, such as ``PATCH applications/status``."""

LINE = re.compile(r"^apiserver_request_total\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)
OPEN = re.compile(r"^apiserver_longrunning_requests\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
OPEN_ENDED = frozenset({"WATCH", "CONNECT"})
"""Counted when they end, which says nothing about the window that they end in."""
NOT_WORK = frozenset({"leases", "ipaddresses"})
"""Elections and memberships renew Leases as time goes by, whatever there is to do; the API server itself makes an
IPAddress for each new Service, and counts that as a request."""


def parsed(text: str) -> Calls:
    """The counter in an exposition, without what is for no resource: health, discovery, metrics."""
    calls: Counter[str] = Counter()
    for line in LINE.finditer(text):
        labels = dict(LABEL.findall(line["labels"]))
        if labels["resource"] and labels["verb"] not in OPEN_ENDED and labels["resource"] not in NOT_WORK:
            place = "/".join(part for part in (labels["resource"], labels["subresource"]) if part)
            calls[f"{labels['verb']} {place}"] += int(float(line["value"]))
    return calls


def watches(text: str, resource: str) -> int:
    """How many watches of a resource are open, whoever holds them."""
    lines = ((dict(LABEL.findall(line["labels"])), line["value"]) for line in OPEN.finditer(text))
    return sum(
        int(float(value)) for labels, value in lines if (labels["verb"], labels["resource"]) == ("WATCH", resource)
    )


def difference(after: Calls, before: Calls, own: Calls) -> Calls:
    """What was asked between two looks by others than us; kinds of request that were not made are left out."""
    left = {name: count - before.get(name, 0) - own.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in sorted(left.items()) if count > 0}


def by_verb(calls: Calls) -> Mapping[str, int]:
    """Sums over resources."""
    sums: Counter[str] = Counter()
    for name, count in calls.items():
        sums[name.partition(" ")[0]] += count
    return dict(sorted(sums.items()))


def of_resource(calls: Calls, resource: str) -> int:
    """How many were of a resource and its subresources."""
    return sum(count for name, count in calls.items() if name.partition(" ")[2].partition("/")[0] == resource)


def total(calls: Calls) -> int:
    """All of them."""
    return sum(calls.values())
