"""The first sync of 200 applications: how many a second, beside the same objects applied straight from memory."""

import time

import click
from stand import AT_ONCE, Applications, Stand, each, load

__all__ = ["measure"]

SIZE = 200
SHOWN = 7
"""The processes that used most."""


async def measure(stand: Stand) -> None:
    """Measure with Varde and without, and print both."""
    click.echo(f"\ninitial sync: {SIZE} applications in one repository, one ConfigMap each, {load()}")
    applications = Applications(stand, "initial", SIZE)
    await applications.prepare()
    began_s, used_before_s = time.monotonic(), stand.processor_s()
    await applications.create()
    await applications.at_rest()
    synced_s, used_s = time.monotonic() - began_s, stand.processor_s()
    click.echo(f"    created to all Synced    {SIZE / synced_s:7.1f} applications/s   ({synced_s:.1f} s)")
    used = sorted(((used_s[name] - used_before_s[name], name) for name in used_s), reverse=True)
    shares = "   ".join(f"{name} {each_s / SIZE * 1000:.0f}" for each_s, name in used[:SHOWN])
    click.echo(f"    processor time of each   {shares} ms")
    began_s = time.monotonic()
    objects = (applications.object(f"raw-{name}", 0) for name in applications.names)
    await each(stand.cluster.apply(manifest) for manifest in objects)
    raw_s = time.monotonic() - began_s
    click.echo(f"    raw, {AT_ONCE} connections      {SIZE / raw_s:7.1f} objects/s        ({raw_s:.1f} s)")
    click.echo(f"    {synced_s / raw_s:.1f} times the raw limit's time")
    await applications.remove()
