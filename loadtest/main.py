"""`make loadtest`: starts a local Varde of its own, and measures it on this machine."""

import argparse
import asyncio
import secrets

import back_to_git
import click
import initial_sync
import push_to_live
from stand import Stand, load, running_stand

SERVICES = (
    "scheduler-0",
    "scheduler-1",
    "repo-server",
    "worker-0",
    "worker-1",
    "observer",
    "api",
    "git-server",
    "valkey",
)
SETTLE_S = 5.0


async def run(seed: int) -> None:
    """All of it."""
    async with running_stand() as stand:
        await asyncio.sleep(SETTLE_S)
        tell_memory(stand)
        await push_to_live.measure(stand, seed)
        await back_to_git.measure(stand)
        await initial_sync.measure(stand)
        tell_memory(stand)


def tell_memory(stand: Stand) -> None:
    """What each service holds now."""
    resident = stand.memory_bytes()
    click.echo(f"\nresident memory, {load()}")
    click.echo("    " + "   ".join(f"{name} {resident[name] / 2**20:.0f}" for name in SERVICES) + " MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="of what is chosen by chance")
    asyncio.run(run(parser.parse_args().seed))
