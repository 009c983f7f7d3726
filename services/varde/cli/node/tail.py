"""What a node's stalls cost a push at its 95th percentile: the formulas behind the verdicts, pure.

**Stalls of the CPU** (steal, run queue, throttling). A push needs ``PUSH_CPU_S`` of CPU on its way, in
``PUSH_WAKE_UPS`` stretches. The share of wanted time that was lost and the mean length of a stall are measured. While
the push wants to run, stalls begin at random (a Poisson process) and last exponentially long; and each time it wakes
up, the CPU is in a stall already with a probability of that share. So it meets ``n = work * share / (1 - share) /
stall + wake-ups * share`` stalls on average, and the delay, a sum of as many exponentials, stays below x with
probability ``sum over k of Poisson(k; n) * Erlang(k; x / stall)``; its 95th percentile is found by bisection. From 100
stalls on the sum is as good as normal (variance ``2 n``, with Cornish and Fisher's term for its skewness).

**Waits one after another** (timers, the disk): all but one take the median, one of them the 99th percentile.
"""

import math
from statistics import NormalDist

from varde.cli.node.facts import Delays

__all__ = ["PUSH_CPU_S", "PUSH_WAKE_UPS", "PUSH_WRITES", "held_up_s", "in_a_row_s"]

PUSH_CPU_S = 0.05
"""On the way of a push of 3 objects: 8 ms in Varde, 5 writes of 4 to 6 ms in kube-apiserver and etcd, Git the rest."""
PUSH_WAKE_UPS = 10
"""Hand-overs from process to process on that way: webhook, leader, queue, worker, and the answers to its requests."""
PUSH_WRITES = 3
"""Of them, one after another, what etcd has to have on its disk: the claim, the objects (side by side), the status."""
QUANTILE = 0.95
BISECTIONS = 40
SPREADS = 12.0
"""Standard deviations beyond which a Poisson's terms, and the delay's tail, are nothing."""
MANY = 100
MOST_SHARE = 0.99


def held_up_s(
    share: float,
    stall_s: float,
    *,
    work_s: float = PUSH_CPU_S,
    wake_ups: int = PUSH_WAKE_UPS,
    quantile: float = QUANTILE,
) -> float:
    """The delay by stalls that is not exceeded in this share of cases.

    Args:
        share: of the time in which work wanted to run, what it lost; 0 to 1.
        stall_s: mean length of a stall.
        work_s: CPU that is wanted.
        wake_ups: stretches that it is wanted in.
        quantile: share of cases.
    """
    if share <= 0 or stall_s <= 0:
        return 0.0
    share = min(share, MOST_SHARE)
    met = work_s * share / (1 - share) / stall_s + wake_ups * share
    if math.exp(-met) >= quantile:  # as many meet no stall at all
        return 0.0
    if met > MANY:
        score = NormalDist().inv_cdf(quantile)
        return stall_s * (met + score * math.sqrt(2 * met) + (score**2 - 1) / 2)
    low, high = 0.0, _beyond(met)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if _below(middle, met) >= quantile else (middle, high)
    return high * stall_s


def _below(stalls: float, met: float) -> float:
    """Probability that the delay stays below ``stalls`` mean stalls when ``met`` are met on average."""
    poisson_met, poisson_stalls = math.exp(-met), math.exp(-stalls)
    erlang, total = 1.0, 0.0
    for count in range(math.ceil(_beyond(max(met, stalls)))):
        total += poisson_met * erlang
        erlang -= poisson_stalls  # that a sum of one exponential more stays below
        poisson_met *= met / (count + 1)
        poisson_stalls *= stalls / (count + 1)
    return total


def _beyond(met: float) -> float:
    """A delay in mean stalls, and a number of stalls, that practically never comes."""
    return met + SPREADS * (1 + math.sqrt(2 * met))


def in_a_row_s(delays: Delays, times: int) -> float:
    """What waits one after another cost when one of them is a bad one.

    Args:
        delays: of one wait.
        times: how many there are.
    """
    return (times - 1) * delays.p50_s + delays.p99_s
