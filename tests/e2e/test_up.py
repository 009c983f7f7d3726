"""``varde up`` as a person lives with it: one at a time, resumed after a crash, ended by Ctrl-C with nothing left."""

import signal
import time
from pathlib import Path

from running_varde import VardeUp

from varde.local.processes import Process, running
from varde.model.resource import ResourceKey

GREETING = ResourceKey(kind="ConfigMap", namespace="hello", name="hello")


def until_gone(processes: dict[str, Process], patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while alive := [process.name for process in processes.values() if running(process)]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)


async def greeting(up: VardeUp) -> str:
    async with up.connect() as cluster:
        return ((await cluster.get(GREETING)) or {})["data"]["greeting"]


async def test_it_survives_a_crash_and_a_restart_and_leaves_nothing_running(tmp_path: Path) -> None:
    first = VardeUp(tmp_path)
    first.wait_until_up()
    assert "was live in the cluster" in first.output.read_text()
    assert len(first.processes()) == 14
    endpoints, value = first.endpoints, await greeting(first)
    assert value.startswith("Hello at ")

    second = VardeUp(tmp_path)
    assert second.process.wait(60) == 1
    assert "runs in .varde already" in second.output.read_text()

    crashed = first.processes()
    first.stop(signal.SIGKILL)
    until_gone(crashed)

    resumed = VardeUp(tmp_path)
    first.output.write_text("")
    resumed.wait_until_up()
    assert resumed.endpoints == endpoints
    assert await greeting(resumed) == value
    listed = resumed.varde("app", "list", "-o", "json")
    assert listed.returncode == 0, listed.stderr
    ended = resumed.processes()
    assert resumed.stop(signal.SIGINT) == 0
    until_gone(ended)


def test_once_ends_with_zero_after_the_first_commit_is_live(tmp_path: Path) -> None:
    up = VardeUp(tmp_path, "--once")
    assert up.process.wait(180) == 0, up.output.read_text()
    said = up.output.read_text()
    assert "is live" in said
    assert "push → healthy" in said
    assert up.processes() == {}


def test_once_fails_when_the_first_commit_does_not_get_live(tmp_path: Path) -> None:
    up = VardeUp(tmp_path, "--once")
    hooks = up.state / "repositories" / "examples.git" / "hooks"
    deadline = time.monotonic() + 120
    while not hooks.is_dir():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (hooks / "pre-receive").write_text("#!/bin/sh\necho closed for today >&2\nexit 1\n")
    (hooks / "pre-receive").chmod(0o755)
    assert up.process.wait(180) == 1
    assert "closed for today" in up.output.read_text()
    assert up.processes() == {}
