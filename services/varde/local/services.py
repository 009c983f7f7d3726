"""Varde's own services as programs of the local stack, with the settings that ``ARCHITECTURE.md`` lists."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import msgspec

from varde.local.cluster_setup import CONTROL_NAMESPACE
from varde.local.health import answers
from varde.local.lean_environment import compile_once, lean_environment
from varde.local.ports import LOOPBACK
from varde.local.program_cache import cache_folder
from varde.local.progress import Report, Step
from varde.local.supervisor import Program, Supervisor
from varde.local.together import together

__all__ = ["LISTENERS", "Surroundings", "programs", "start_services"]

INSTANCES = {
    "scheduler-0": "scheduler",
    "scheduler-1": "scheduler",
    "repo-server": "repo-server",
    "worker-0": "worker",
    "worker-1": "worker",
    "observer": "observer",
    "api": "api",
}
"""Two schedulers, so that a standby takes over; two workers, so that applications are sharded."""
MODULES = (*(f"varde.{name.replace('-', '_')}.main" for name in {*INSTANCES.values()}), "varde.repo_server.fetcher")
LISTENERS = tuple(INSTANCES)
TIER = 5
GRACE_S = 8.0
PREFIX = "VARDE_"
READY_S = 60.0
PROBE_TIMEOUT_S = 2.0


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the services are told: ``kubeconfigs`` by account, ``ports`` by instance, ``token`` of the person.

    ``settings``: further ``VARDE_*`` variables that all of them take.
    """

    kubeconfigs: Mapping[str, Path]
    ports: Mapping[str, int]
    redis_url: str
    mirrors: Path
    token: str
    take_over: bool = False
    settings: Mapping[str, str] = {}


def programs(around: Surroundings) -> tuple[Program, ...]:
    """One program for each instance."""
    environ = lean_environment(_inherited(), cache_folder())
    return tuple(
        Program(
            name=instance,
            command=(sys.executable, "-m", f"varde.{service.replace('-', '_')}.main"),
            tier=TIER,
            environ={**environ, **_settings(instance, service, around)},
            grace_s=GRACE_S,
        )
        for instance, service in INSTANCES.items()
    )


async def start_services(around: Surroundings, supervisor: Supervisor, report: Report) -> None:
    """Start all of them; returns once each says that it works.

    Raises:
        Terminal: one cannot be imported, ended or did not get ready; carries the end of its log.
    """
    await asyncio.to_thread(compile_once, MODULES, lean_environment(_inherited(), cache_folder()))
    started = programs(around)
    for program in started:
        supervisor.start(program)
    ready: list[str] = []

    async def wait(name: str, session: aiohttp.ClientSession) -> None:
        healthy = answers(session, f"http://{LOOPBACK}:{around.ports[name]}/healthz")
        await supervisor.ready(name, healthy, timeout_s=READY_S)
        ready.append(name)
        report(Step(part="Varde's services", done=len(ready), total=len(started)))

    timeout = aiohttp.ClientTimeout(total=PROBE_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, together() as group:
        for program in started:
            group.create_task(wait(program.name, session))


def _settings(instance: str, service: str, around: Surroundings) -> dict[str, str]:
    listen = f"{LOOPBACK}:{around.ports[instance]}"
    own = {
        "repo-server": {"VARDE_STORE": str(around.mirrors)},
        "api": {"VARDE_TOKEN": around.token},
    }
    return {
        "VARDE_KUBECONFIG": str(around.kubeconfigs[service]),
        "VARDE_NAMESPACE": CONTROL_NAMESPACE,
        "VARDE_REDIS_URL": around.redis_url,
        "VARDE_LISTEN": listen,
        "VARDE_ADVERTISE": f"http://{listen}",
        "VARDE_REPO_SERVER_URL": f"http://{LOOPBACK}:{around.ports['repo-server']}",
        "VARDE_TAKE_OVER": "true" if around.take_over else "false",
        "VARDE_ID": instance,
        **around.settings,
        **own.get(service, {}),
    }


def _inherited() -> dict[str, str]:
    """The environment without settings that were meant for something else: services refuse names they do not know."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
