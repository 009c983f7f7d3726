"""From push to live: one of 20 applications at rest is pushed to, and a watch tells when the cluster has the new value.

Two starts are told apart: ``git push`` as a person types it (it runs for a while before it sends anything), and the
moment at which the Git host takes the push (``pushed_at``), from which on the time is Varde's. The raw limit is the
same object server-side applied straight from memory, told of by the same watch.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from random import Random

import click
import msgspec
import pygit2
from stand import Applications, Figures, Stand, load

from varde.local.working_copy import WorkingCopy

__all__ = ["measure"]

SIZE = 20
PUSHES = 30
PAUSE_S = (0.3, 0.8)
POLL_S = 2
LIVE_PATIENCE_S = 30.0
SHOWN = ("delivery", "webhook", "advance", "queue wait", "reconcile", "inputs", "render", "gather", "claim", "wave 0")


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One push: seconds from each start to live, and from ``pushed_at`` on by the name of the span."""

    from_command_s: float
    from_pushed_at_s: float
    spans_s: Mapping[str, float]


class Sightings:
    """When each value of an object's counter was first seen by a watch, in Unix seconds."""

    def __init__(self) -> None:
        self._seen_s: dict[int, float] = {}
        self._news = asyncio.Event()

    def see(self, count: int) -> None:
        """Note a value, as of now."""
        self._seen_s.setdefault(count, time.time())
        self._news.set()

    async def of(self, count: int) -> float:
        """When a value was seen; waits for it."""
        async with asyncio.timeout(LIVE_PATIENCE_S):
            while count not in self._seen_s:
                self._news.clear()
                await self._news.wait()
        return self._seen_s[count]


@contextlib.asynccontextmanager
async def watched(stand: Stand, namespace: str, name: str) -> AsyncIterator[Sightings]:
    """Follow one ConfigMap."""
    sightings = Sightings()
    kind = await stand.cluster.resource_type("", "ConfigMap")
    listing = await stand.cluster.list(kind, namespace=namespace)

    async def follow() -> None:
        fields = f"metadata.name={name}"
        async for event in stand.cluster.watch(kind, listing.resource_version, namespace=namespace, fields=fields):
            if "data" in event.object:
                sightings.see(int(event.object["data"]["counter"]))

    following = asyncio.create_task(follow())
    yield sightings
    following.cancel()
    await asyncio.wait({following})


async def measure(stand: Stand, seed: int) -> None:
    """Measure by webhook, by poll and without Varde, and print all three.

    Args:
        stand: running.
        seed: of the choice of the application and of the pauses.
    """
    random = Random(seed)  # noqa: S311  which of 20 equal ones
    applications = Applications(stand, "pushed", SIZE)
    copy = await applications.prepare()
    await applications.create()
    await applications.at_rest()
    name = random.choice(applications.names)
    async with watched(stand, applications.name, name) as sightings:

        async def pushes(begin: int) -> list[Push]:
            done = []
            for count in range(begin, begin + PUSHES):
                await asyncio.sleep(random.uniform(*PAUSE_S))
                done.append(await _pushed(applications, copy, name, count, sightings))
            return done

        click.echo(f"\npush to live: {PUSHES} pushes to one of {SIZE} applications at rest, seed {seed}, {load()}")
        by_webhook = await pushes(1)
        raw = await _raw(stand, applications, "raw", random)
        _tell("by webhook", by_webhook)
        _tell_raw(by_webhook, raw)
        _silence(stand, applications.name)
        await stand.set(timeout_reconciliation=f"{POLL_S}s", timeout_reconciliation_jitter="0s")
        _tell(f"by poll, one ls-refs each {POLL_S} s, webhook off", await pushes(PUSHES + 1))
        await stand.set()
    await applications.remove()


async def _pushed(applications: Applications, copy: WorkingCopy, name: str, count: int, sightings: Sightings) -> Push:
    files = applications.file(name, count)
    began_s = time.time()
    await asyncio.to_thread(copy.push, files, f"Count {count}")
    live_s = await sightings.of(count)
    spans = await applications.stand.spans(name, after_s=began_s)
    pushed_at_s = min(span.start_s for span in spans)
    lasted: dict[str, float] = defaultdict(float)
    for span in spans:
        lasted[span.name] += span.end_s - span.start_s
    return Push(from_command_s=live_s - began_s, from_pushed_at_s=live_s - pushed_at_s, spans_s=dict(lasted))


async def _raw(stand: Stand, applications: Applications, name: str, random: Random) -> list[float]:
    """How long an apply of the same object takes to be seen, without anything around it."""
    await stand.cluster.apply(applications.object(name, 0))
    times_s = []
    async with watched(stand, applications.name, name) as sightings:
        for count in range(1, PUSHES + 1):
            await asyncio.sleep(random.uniform(*PAUSE_S))
            began_s = time.time()
            await stand.cluster.apply(applications.object(name, count))
            times_s.append(await sightings.of(count) - began_s)
    return times_s


def _silence(stand: Stand, repository: str) -> None:
    """Have the Git server ring no webhook for a repository."""
    path = stand.state / "repositories" / f"{repository}.git" / "config"
    pygit2.Config(str(path))["varde.webhook"] = False


def _tell(how: str, pushes: list[Push]) -> None:
    click.echo(f"  {how}")
    starts: dict[str, Callable[[Push], float]] = {
        "from `git push` typed": lambda push: push.from_command_s,
        "from pushed_at": lambda push: push.from_pushed_at_s,
    }
    if not any("webhook" in push.spans_s for push in pushes):
        del starts["from pushed_at"]  # a poll does not know it
    for label, start in starts.items():
        click.echo(f"    {label:24} {Figures.of(map(start, pushes))}")
    for span in SHOWN:
        times_s = [push.spans_s[span] for push in pushes if span in push.spans_s]
        if len(times_s) > 1:
            click.echo(f"      {span:22} {Figures.of(times_s)}")


def _tell_raw(pushes: list[Push], raw_s: list[float]) -> None:
    raw = Figures.of(raw_s)
    click.echo("  the same object applied straight from memory")
    click.echo(f"    {'from the call':24} {raw}")
    ratio = Figures.of(push.from_pushed_at_s for push in pushes).p50_s / raw.p50_s
    click.echo(f"    p50 by webhook is {ratio:.0f} times the raw limit's")
