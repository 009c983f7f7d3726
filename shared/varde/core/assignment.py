"""Which shard an application belongs to: rendezvous hashing with bounded loads.

The scheduler asks at each message. The answer follows from the names of applications and live shards alone, so every
leader gives the same one and nothing needs to be stored. Sources: Thaler and Ravishankar, "Using name-based mappings to
increase hit rates" (1998); Mirrokni et al., "Consistent hashing with bounded loads" (2018).
"""

import math
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from varde.model.message import AppKey

__all__ = ["SLACK", "assign"]

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
    most = math.ceil(SLACK * len(keys) / len(candidates))
    loads = dict.fromkeys(candidates, 0)
    assigned = {}
    for key in keys:
        _, chosen = max((_weight(key, shard), shard) for shard in candidates if loads[shard] < most)
        loads[chosen] += 1
        assigned[key] = chosen
    return assigned


def _weight(key: AppKey, shard: str = "") -> bytes:
    return blake2b(f"{shard}\0{key.namespace}\0{key.name}".encode(), digest_size=8).digest()
