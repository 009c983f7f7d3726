"""The trace of a push, from the outside: what the API tells of it once it is live."""

import asyncio
import json
from itertools import pairwise

import aiohttp
import msgspec
from running_varde import application, application_key
from scene import PATIENCE_S, WAVE, Scene, config_map, manifest

from varde.core.phases import phases, times, whole
from varde.model.message import AppKey
from varde.model.trace import StoredSpan, TraceSummary, TraceView
from varde.telemetry import names
from varde.telemetry.traceparent import derived

CONTROL = "argocd"
LOOK_S = 0.1


class Traces:
    """What the API tells of one application's traces."""

    def __init__(self, scene: Scene, name: str) -> None:
        self._endpoints = scene.up.endpoints
        self.key = AppKey(CONTROL, name)
        self.path = f"{self._endpoints.url}/api/v1/applications/{CONTROL}/{name}"

    async def read(self, rest: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._endpoints.token}"}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(self.path + rest) as answer:
            assert answer.ok, await answer.text()
            return await answer.read()

    async def get(self, trace_id: str = "") -> TraceView:
        return msgspec.json.decode(await self.read(f"/trace?id={trace_id}"), type=TraceView)

    async def list(self) -> tuple[TraceSummary, ...]:
        return msgspec.json.decode(await self.read("/traces"), type=tuple[TraceSummary, ...])

    async def closed(self, revision: str) -> TraceView:
        """The newest trace, once its root is written, of a commit."""
        for _ in range(round(PATIENCE_S / LOOK_S)):
            trace = await self.get()
            root = whole(trace)
            # The trace is closed a moment after its root came, with what other services have sent by then.
            listed = [each for each in await self.list() if each.id == trace.id and each.revision == revision]
            if root and listed and root.attributes.get(names.REVISION) == revision:
                await asyncio.sleep(0.5)
                return await self.get()
            await asyncio.sleep(LOOK_S)
        raise AssertionError(f"no trace of {revision} of {self.key}: {await self.list()}")


def names_of(trace: TraceView) -> set[str]:
    return {span.name for span in trace.spans}


def root_of(trace: TraceView) -> StoredSpan:
    root = whole(trace)
    assert root is not None
    return root


async def test_a_push_that_touches_two_applications_has_a_trace_each_linked_to_its_own(scene: Scene):
    other = f"{scene.name}-b"
    await scene.deploy({"web.yaml": config_map("web", color="blue")})
    await scene.cluster.create(application(other, scene.url, "app", other))
    try:
        before = (await scene.synced())["sync"]["revision"]
        traces = Traces(scene, scene.name), Traces(scene, other)
        await asyncio.gather(*(each.closed(before) for each in traces))
        commit = scene.push({"web.yaml": config_map("web", color="green")})
        one, two = await asyncio.gather(*(each.closed(commit) for each in traces))
        (push_id,) = {link.split("-")[1] for trace in (one, two) for link in root_of(trace).links}
        push = await traces[0].get(push_id)
        root = root_of(push)
        assert len({one.id, two.id, push_id}) == 3
        assert (root.name, root.attributes[names.TOUCHED], root.attributes[names.APPLICATIONS]) == ("push", 2, 2)
        assert root.attributes[names.REVISION] == commit
        assert {"webhook", "look", "fetch", "touch test"} <= names_of(push)
        for trace, each in zip((one, two), traces, strict=True):
            commits = f"00-{push.id}-{root.span_id}-01"
            assert derived(commits, str(each.key)) == f"00-{trace.id}-{root_of(trace).span_id}-01"
            holds_the_whole_way(trace, each.key)
    finally:
        await scene.cluster.delete(application_key(other))


def holds_the_whole_way(trace: TraceView, key: AppKey) -> None:
    """One application's trace tells the whole way of its change, and its phases sum to the whole."""
    root = root_of(trace)
    # No render: both have the same inputs, so one of them finds what the other rendered.
    told = {"webhook", "route", "look", "queue wait", "reconcile", "inputs", "plan", "lease", "wave 0", "status"}
    assert told <= names_of(trace)
    assert {span.application for span in trace.spans} == {key, None} or {key}
    assert root.attributes[names.RESULT] == "success"
    assert root.attributes[names.LANE] == "webhook"
    (wave,) = (span for span in trace.spans if span.name == "wave 0")
    assert [(event.name, event.attributes[names.OBJECT_NAME]) for event in wave.events] == [("configured", "web")]
    took = times(trace)
    assert took.synced_s is not None
    assert took.healthy_s == root.end_s - root.start_s
    for until, whole_s in (("synced", took.synced_s), ("healthy", took.healthy_s)):
        found = phases(trace, key, until=until)  # type: ignore[arg-type]
        assert abs(sum(phase.seconds for phase in found) - whole_s) < 1e-6


async def test_a_change_that_waits_stays_in_its_trace_and_each_turn_is_linked_to_the_one_before(scene: Scene):
    door = manifest("Service", "door", annotations={WAVE: "-1"}, spec={"type": "LoadBalancer", "ports": [{"port": 80}]})
    await scene.deploy({"door.yaml": door, "web.yaml": config_map("web", color="blue")})
    await scene.operation("Running", "waiting for healthy state of Service", "/door")
    traces = Traces(scene, scene.name)
    address = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
    place = ("--namespace", scene.name, "service", "door")
    scene.kubectl("patch", *place, "--subresource=status", "--type=merge", "--patch", address)
    trace = await traces.closed((await scene.synced())["sync"]["revision"])
    assert {"wait for wave", "wave -1", "wave 0"} <= names_of(trace)
    turns = [span for span in trace.spans if span.name == "reconcile" and not span.error]
    assert len(turns) > 1
    for earlier, later in pairwise(turns):
        assert later.links == (f"00-{trace.id}-{earlier.span_id}-01",)
    assert root_of(trace).attributes[names.LANE] == "person"
