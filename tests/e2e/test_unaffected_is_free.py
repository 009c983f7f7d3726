"""A commit that touches one of 200 applications in a repository costs the other 199 no message, render or API call."""

import json
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from fleet import Fleet, fleet_on
from leader import leader_name, leader_state
from loadtest.chaos.audit import Call, read
from redis.asyncio import Redis
from running_varde import VardeUp, eventually

from known_commits import verified_commits
from varde.adapters.kube import KubeCluster

SIZE = 200
FOUND_ANEW_S = 30.0
BACKOFF_S = 120.0


@pytest.fixture
async def fleet(varde_up: VardeUp, up_cluster: KubeCluster) -> AsyncIterator[Fleet]:
    async with fleet_on(varde_up, up_cluster, SIZE) as fleet:
        yield fleet


async def verified(fleet: Fleet) -> dict[str, str]:
    """Up to which commit each application of the fleet is said to be current."""
    async with Redis.from_url(fleet.up.redis_url) as redis:
        found = {key.name: commits[0] for key, commits in (await verified_commits(redis)).items()}
    return {name: found[name] for name in fleet.names if name in found}


async def all_verified(fleet: Fleet, commit: str, *, patience_s: float) -> None:
    async def look() -> bool:
        return await verified(fleet) == dict.fromkeys(fleet.names, commit)

    await eventually(look, patience_s=patience_s, what=f"not all are known to be current up to {commit}")


async def at_rest(cluster: KubeCluster) -> int:
    """The number of messages sent so far, once none is on its way, wanted, or to come: other tests leave backoffs."""

    async def look() -> dict[str, object] | None:
        state = await leader_state(cluster)
        return None if state["sent"] or state["wanted"] or state["timers"] else state

    return int((await eventually(look, patience_s=BACKOFF_S))["messages"])


async def versions(fleet: Fleet) -> dict[str, str]:
    return {name: app["metadata"]["resourceVersion"] for name, app in (await fleet.applications()).items()}


def reconciled(fleet: Fleet) -> Counter[str]:
    """How often the workers' logs tell of a look at each application of the fleet; there is no render without one."""
    lines = (json.loads(line) for name in ("worker-0", "worker-1") for line in fleet.up.log(name).splitlines())
    names = (str(line.get("application", "")).partition("/")[2] for line in lines if line.get("event") == "reconciled")
    return Counter(name for name in names if name in fleet.names)


def said(fleet: Fleet, name: str) -> tuple[str, str]:
    """What ``varde app get`` says: the revision that last touched it, and the commit that it is current up to."""
    answer = fleet.up.varde("app", "get", name, "-o", "json")
    assert answer.returncode == 0, answer.stderr
    summary = json.loads(answer.stdout)["summary"]
    return summary["revisions"][0], summary["verified"]["commits"][0]


def calls_of_varde(calls: tuple[Call, ...]) -> list[Call]:
    """What Varde's services asked of the API server, but for their Leases and the watches that are always there."""
    return [
        call
        for call in calls
        if call.user_agent.startswith("varde-")
        and not call.user_agent.startswith("varde-tests")
        and call.verb != "watch"
        and call.object_ref.resource != "leases"
    ]


async def test_199_of_200_applications_do_not_notice_a_commit(fleet: Fleet):
    touched, other = fleet.names[100], fleet.names[7]
    messages, before = await at_rest(fleet.cluster), await versions(fleet)
    looks, calls = reconciled(fleet), len(read(fleet.up.audit_log).calls)
    first = said(fleet, other)[0]

    commit = await fleet.push(1, touched)
    await all_verified(fleet, commit, patience_s=30.0)

    assert await at_rest(fleet.cluster) - messages == 1
    assert reconciled(fleet) - looks == Counter({touched: 1})
    made = calls_of_varde(read(fleet.up.audit_log).calls[calls:])
    assert {call.object_ref.name for call in made} <= {touched, fleet.name}, [str(call) for call in made]
    after = await versions(fleet)
    assert {name for name in fleet.names if after[name] != before[name]} == {touched}
    assert said(fleet, touched) == (commit, commit)
    assert said(fleet, other) == (first, commit)

    await found_anew_after_a_restart(fleet, commit)
    assert await versions(fleet) == after


async def found_anew_after_a_restart(fleet: Fleet, commit: str) -> None:
    """Nothing that says so outlives this but the applications' status and Git."""
    async with Redis.from_url(fleet.up.redis_url) as redis:
        await redis.flushall()
    leader = await leader_name(fleet.cluster)
    for name in (leader, *({"scheduler-0", "scheduler-1"} - {leader}), "api", "repo-server", "worker-0", "worker-1"):
        fleet.up.kill(name)
    await all_verified(fleet, commit, patience_s=FOUND_ANEW_S)

    async def told() -> bool:
        answer = fleet.up.varde("app", "get", fleet.names[7], "-o", "json")
        return answer.returncode == 0 and json.loads(answer.stdout)["summary"]["verified"]["commits"] == [commit]

    await eventually(told, patience_s=FOUND_ANEW_S, what="varde app get does not say it")
