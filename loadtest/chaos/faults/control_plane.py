"""The API server and etcd themselves: restarted, killed, refusing with 429, and a history that is gone (410)."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec

import msgspec

from loadtest.chaos.faults.fault import ONCE, Fault
from loadtest.chaos.proxy import Disturbance
from loadtest.chaos.stage import Stage
from loadtest.engines.applications import NAMESPACE
from varde.errors import Terminal
from varde.local.processes import running

__all__ = ["FAULTS"]

REFUSING_S = (3.0, 7.0)
NAME = "chaos-refuses-varde"
LEVEL = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "PriorityLevelConfiguration",
    "metadata": {"name": NAME},
    "spec": {
        "type": "Limited",
        "limited": {"nominalConcurrencyShares": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"}},
    },
}
"""No request of this level is ever let in (kubernetes.io/docs/concepts/cluster-administration/flow-control)."""
SCHEMA = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "FlowSchema",
    "metadata": {"name": NAME},
    "spec": {
        "priorityLevelConfiguration": {"name": NAME},
        "matchingPrecedence": 2,
        "rules": [
            {
                "subjects": [{"kind": "Group", "group": {"name": f"system:serviceaccounts:{NAMESPACE}"}}],
                "resourceRules": [
                    {
                        "verbs": ["*"],
                        "apiGroups": ["*"],
                        "resources": ["*"],
                        "namespaces": ["*"],
                        "clusterScope": True,
                    }
                ],
            }
        ],
    },
}
ENDS_WITHIN_S = 10.0
BACK_S = 60.0
LOOK_S = 0.1
MISSED = {"chaos": "missed"}

Given = ParamSpec("Given")


@asynccontextmanager
async def restarted(stage: Stage, _: float) -> AsyncIterator[None]:
    """SIGTERM to the API server, which is started again once it has ended."""
    await _end_api_server(stage)
    yield


@asynccontextmanager
async def killed(stage: Stage, _: float) -> AsyncIterator[None]:
    """``kill -9`` of the API server."""
    stage.send(stage.process("kube-apiserver"), signal.SIGKILL)
    yield


@asynccontextmanager
async def etcd_killed(stage: Stage, _: float) -> AsyncIterator[None]:
    """``kill -9`` of etcd, which comes back with its data."""
    stage.send(stage.process("etcd"), signal.SIGKILL)
    yield


@asynccontextmanager
async def refusing(stage: Stage, _: float) -> AsyncIterator[None]:
    """429 to every request of Varde's, watches that are open excepted, by API Priority and Fairness itself."""
    paths = [await stage.server.path_of(manifest) for manifest in (LEVEL, SCHEMA)]
    for path, manifest in zip(paths, (LEVEL, SCHEMA), strict=True):
        await _insist(stage.server.apply, path, msgspec.json.encode(manifest))
    try:
        yield
    finally:
        for path in reversed(paths):
            await _insist(stage.server.delete, path)


@asynccontextmanager
async def history_gone(stage: Stage, _: float) -> AsyncIterator[None]:
    """410 to every watch: the services miss a write, and the API server that comes back knows nothing earlier."""
    with stage.api_server.disturbed(Disturbance(cut=True)):
        await _insist(stage.server.merge, f"/api/v1/namespaces/{NAMESPACE}", {"metadata": {"labels": MISSED}})
        await _end_api_server(stage)
        await _insist(stage.server.get, "/readyz")
    yield


async def _end_api_server(stage: Stage) -> None:
    process = stage.process("kube-apiserver")
    stage.send(process, signal.SIGTERM)
    deadline_s = time.monotonic() + ENDS_WITHIN_S
    while running(process):
        if time.monotonic() > deadline_s:
            stage.send(process, signal.SIGKILL)
        await asyncio.sleep(LOOK_S)


async def _insist(call: Callable[Given, Awaitable[object]], *given: Given.args, **named: Given.kwargs) -> None:
    """Ask the API server until it answers: an overlapping fault may have it away.

    Raises:
        Terminal: it did not for a minute; its last words.
    """
    deadline_s = time.monotonic() + BACK_S
    while True:
        try:
            await call(*given, **named)
        except Terminal:
            if time.monotonic() > deadline_s:
                raise
            await asyncio.sleep(LOOK_S)
        else:
            return


FAULTS = (
    Fault(kind="api-server-restarted", strikes=restarted, lasts_s=ONCE),
    Fault(kind="api-server-killed", strikes=killed, lasts_s=ONCE),
    Fault(kind="api-server-429", strikes=refusing, lasts_s=REFUSING_S),
    Fault(kind="api-server-410", strikes=history_gone, lasts_s=ONCE),
    Fault(kind="etcd-killed", strikes=etcd_killed, lasts_s=ONCE),
)
