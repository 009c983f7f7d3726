"""Which shard an application belongs to: rendezvous hashing with bounded loads.

The scheduler asks at each message. The answer follows from the names of applications and live shards alone, so every
leader gives the same one and nothing needs to be stored. Sources: Thaler and Ravishankar, "Using name-based mappings to
increase hit rates" (1998); Mirrokni et al., "Consistent hashing with bounded loads" (2018).
"""

import math
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from varde.model.message import AppKey

__all__ = ["SLACK", "assign", "most", "place"]

SLACK = 1.25
"""No shard gets more than this multiple of the mean."""


def assign(applications: Iterable[AppKey], shards: Iterable[str]) -> Mapping[AppKey, str]:
    """Give each application to the shard that its name ranks highest among those with room.

    Args:
        applications: all of them, in any order.
        shards: the live ones.

    Returns:
        The shard of each application; empty when no shard lives.
    """
    keys = sorted(applications, key=_weight)
    candidates = sorted(shards)
    if not candidates:
        return {}
    loads = dict.fromkeys(candidates, 0)
    assigned = {}
    for key in keys:
        chosen = assigned[key] = place(key, loads, total=len(keys))
        loads[chosen] += 1
    return assigned


def place(key: AppKey, loads: Mapping[str, int], *, total: int) -> str:
    """The shard of one application more.

    Args:
        key: of it.
        loads: how many others each live shard has; at least one shard.
        total: how many applications there are, this one among them.
    """
    room = most(total, len(loads))
    _, chosen = max((_weight(key, shard), shard) for shard, load in loads.items() if load < room)
    return chosen


def most(applications: int, shards: int) -> int:
    """How many applications one shard may have."""
    return math.ceil(SLACK * applications / shards)


def _weight(key: AppKey, shard: str = "") -> bytes:
    return blake2b(f"{shard}\0{key.namespace}\0{key.name}".encode(), digest_size=8).digest()
