"""The worker's process: joins as a shard, consumes its queues, leaves cleanly."""

import asyncio
import os
import secrets
import socket
import time
from contextlib import AsyncExitStack

import redis.asyncio as redis
import structlog

from varde.adapters import http_server, process
from varde.adapters.http_client import ServiceClient
from varde.adapters.internal_key import internal_key
from varde.adapters.kube import Holders, KubeCluster, Membership, connect
from varde.adapters.queue import consume
from varde.adapters.repositories import HttpRepositories
from varde.adapters.scheduler import SchedulerClient
from varde.adapters.sealed_store import SealedStore
from varde.adapters.sealing import derived
from varde.adapters.settings import load
from varde.telemetry import logs
from varde.telemetry.cost import Costs, Probe
from varde.telemetry.metrics import argocd, caches, neighbours, queue
from varde.telemetry.metrics.convergence import PhaseTimes
from varde.telemetry.metrics.process import measuring
from varde.telemetry.recording import recording
from varde.worker.applied import AppliedStore
from varde.worker.claims import Applications
from varde.worker.diffs import DiffStore
from varde.worker.handler import Handler
from varde.worker.namespaces import Namespaces
from varde.worker.render.cache import RenderCache
from varde.worker.render.renderers import Renderers
from varde.worker.settings import WorkerSettings
from varde.worker.tenants import Tenants
from varde.worker.world import World

log = structlog.get_logger()

RENDERED_BYTES = 256 * 2**20
"""Renderings kept in memory: about 50,000 small applications'."""
STOP_GRACE_S = 10.0
"""How long syncs in hand may take once the worker stops; they are taken up elsewhere after that."""


async def serve(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Work until told to stop."""
    shard = f"{settings.id or socket.gethostname()}-{secrets.token_hex(3)}"
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(connect(settings.kubeconfig, agent=f"varde-worker/{shard}"))
        key = await internal_key(cluster, settings.namespace)
        client = redis.Redis.from_url(settings.redis_url)
        stack.push_async_callback(client.aclose)
        stack.enter_context(measuring("worker", otlp_endpoint=settings.otlp_endpoint))
        await stack.enter_async_context(
            recording(
                "worker",
                client,
                on=settings.trace,
                sampling=settings.sampling,
                otlp_endpoint=settings.otlp_endpoint,
                closed=PhaseTimes().observe,
                costs=_costs(stack, settings),
            )
        )
        scheduler = await stack.enter_async_context(SchedulerClient(cluster, namespace=settings.namespace, key=key))
        membership = await stack.enter_async_context(Membership(cluster, namespace=settings.namespace, shard=shard))
        repositories = await stack.enter_async_context(ServiceClient("repo-server", settings.repo_server_url, key))
        tenants = Tenants(cluster, settings.namespace)
        namespaces = Namespaces(cluster)
        following, watching = asyncio.create_task(tenants.follow()), asyncio.create_task(namespaces.follow())
        stack.callback(following.cancel)
        stack.callback(watching.cancel)
        await tenants.ready()
        world = _world(
            settings, cluster, client, key, HttpRepositories(repositories), tenants, namespaces, membership, shard
        )
        consumption = consume(
            settings.redis_url,
            shard,
            Handler(world, scheduler, shard),
            key=key,
            loop=asyncio.get_running_loop(),
            concurrency=settings.concurrency,
        )
        argocd.K8S_REQUESTS.follow(argocd.k8s_requests)
        caches.RENDERED_BYTES.follow(lambda: {(): world.rendered.size_bytes})
        queue.IN_HAND.follow(lambda: {(): consumption.in_hand})
        queue.SHARD.follow(lambda: {(shard,): 1.0})
        app = http_server.internal_app((), key=key, health=lambda: _health(membership, following))
        await http_server.serve(app, listen=settings.listen, stop=stop)
        await consumption.stop(STOP_GRACE_S)


def _costs(stack: AsyncExitStack, settings: WorkerSettings) -> Costs:
    """What says why spans took long; what this kernel hides is said once, here, and left out of every span."""
    probe = stack.enter_context(Probe(asyncio.get_running_loop())) if settings.probe else None
    if probe:
        neighbours.follow_probe(probe)
    costs = Costs(probe)
    log.info("causes of slow spans", missing=dict(costs.missing))
    return costs


def _world(
    settings: WorkerSettings,
    cluster: KubeCluster,
    client: redis.Redis,
    key: bytes,
    repositories: HttpRepositories,
    tenants: Tenants,
    namespaces: Namespaces,
    membership: Membership,
    shard: str,
) -> World:
    store = SealedStore(client, key)
    holders = Holders(cluster, namespace=settings.namespace)
    return World(
        cluster=cluster,
        repositories=repositories,
        renderers=Renderers(directory_limit_bytes=tenants.settings().max_manifests_bytes),
        rendered=RenderCache(RENDERED_BYTES),
        applications=Applications(cluster, membership, holders, shard),
        applied=AppliedStore(store),
        diffs=DiffStore(store),
        namespaces=namespaces,
        tenants=tenants,
        now_s=time.time,
        digest_key=derived(key, "varde desired digests"),
        apply_concurrency=settings.apply_concurrency,
        control_namespace=settings.namespace,
    )


def _health(membership: Membership, following: asyncio.Task[None]) -> str:
    if following.done():
        return f"projects and settings are not followed any more: {following.exception()}"
    return "" if membership.held else "the shard's Lease could not be renewed"


def main() -> None:
    """Run a worker."""
    logs.configure("worker")
    process.run(lambda stop: serve(load(WorkerSettings, os.environ), stop))


if __name__ == "__main__":
    main()
