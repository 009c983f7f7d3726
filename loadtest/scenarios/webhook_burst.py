"""A burst of webhooks that tell of what is known already, and a push in the middle of it."""

import asyncio
import time
from http import HTTPStatus

import aiohttp
import msgspec

from loadtest.api_server import AT_ONCE, each
from loadtest.results import Outcome
from loadtest.trial import Trial
from loadtest.window import at_rest, window
from varde.errors import Terminal
from varde.local import push_payload
from varde.local.git_repositories import BRANCH

__all__ = ["measure"]

LIMITS = aiohttp.ClientTimeout(total=30.0)


async def measure(trial: Trial) -> Outcome:
    """Ring over 16 connections; meanwhile, push to one application."""
    application = trial.chance.choice(trial.fleet.applications)
    repository, _ = trial.changed(application, trial.next_value())
    webhook = trial.engine.webhook()
    now_s = time.time()
    body = _told_again(trial, application.repository, int(now_s) if webhook.whole_seconds else now_s)
    live = trial.live([application])
    refused: list[int] = []
    async with aiohttp.ClientSession(timeout=LIMITS) as session, window(trial) as opened:

        async def ring() -> None:
            async with session.post(
                webhook.url, data=body, headers=push_payload.headers(body, webhook.secret)
            ) as answer:
                await answer.read()
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    refused.append(answer.status)

        async def pushed() -> float:
            await repository.push()
            return repository.accepted_s()

        began_s = time.monotonic()
        ringing = each((ring() for _ in range(trial.sizes.burst)), at_once=AT_ONCE)
        _, accepted_at_s = await asyncio.gather(ringing, pushed())
        answered_s = time.monotonic() - began_s
        (live_at_s,) = (await live.met("a push among webhooks", timeout_s=trial.sizes.patience_s)).values()
        await at_rest(trial)
    if refused:
        raise Terminal(f"{len(refused)} of {trial.sizes.burst} webhooks were refused, the first with {refused[0]}")
    return Outcome(
        figures={
            "webhook_burst_answered_per_s": trial.sizes.burst / answered_s,
            "webhook_burst_push_to_live_s": live_at_s - accepted_at_s,
            "webhook_burst_engine_cpu_s": sum(opened.cost.engine_cpu_s.values()),
        },
        cost=opened.cost,
    )


def _told_again(trial: Trial, name: str, pushed_at_s: float) -> bytes:
    """The push of the commit that the branch stands at."""
    repository = trial.repositories[name]
    before, after = repository.served_commits()
    content = push_payload.payload(
        repository.served,
        clone_url=trial.site.url_of(name),
        ref=f"refs/heads/{BRANCH}",
        before=before,
        after=after,
        pushed_at_s=pushed_at_s,
    )
    return msgspec.json.encode(content)
