"""Programs under the supervisor: started again when they die, ended in order, and never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from varde.errors import Terminal
from varde.local import leash
from varde.local.processes import Process, running, started_at
from varde.local.supervisor import Program, Supervisor, recorded

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


async def until(condition: Callable[[], bool], patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def sleeper(name: str = "sleeper", tier: int = 1) -> Program:
    return Program(name=name, command=SLEEPER, tier=tier)


async def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    supervisor.start(sleeper())
    watching = asyncio.create_task(supervisor.watch())
    (first,) = recorded(tmp_path)
    os.kill(first.pid, signal.SIGKILL)
    await until(lambda: recorded(tmp_path)[0].pid != first.pid)
    assert running(recorded(tmp_path)[0])
    watching.cancel()
    await supervisor.stop()


async def test_programs_end_highest_tier_first(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = "import signal,sys,time\ndef end(*_):\n open(sys.argv[1],'a').write(sys.argv[2]); sys.exit()\n"
    script += "signal.signal(signal.SIGTERM, end)\nopen(sys.argv[1]+sys.argv[2],'w')\ntime.sleep(600)\n"
    supervisor = Supervisor(tmp_path)
    for tier in (1, 3, 2):
        command = (sys.executable, "-c", script, str(told), str(tier))
        supervisor.start(Program(name=f"program-{tier}", command=command, tier=tier))
    await until(lambda: all(Path(f"{told}{tier}").exists() for tier in (1, 2, 3)))
    await supervisor.stop()
    assert told.read_text() == "321"
    assert recorded(tmp_path) == ()


async def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    script = (
        "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    supervisor = Supervisor(tmp_path)
    supervisor.start(Program(name="deaf", command=(sys.executable, "-c", script), tier=1, grace_s=0.3))
    log = tmp_path / "logs" / "deaf.log"
    await until(lambda: log.exists() and "deaf" in log.read_text())
    (process,) = recorded(tmp_path)
    await supervisor.stop()
    assert not running(process)


async def test_a_program_that_cannot_start_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    supervisor.start(Program(name="broken", command=(sys.executable, "-c", "raise SystemExit('no such flag')"), tier=1))

    async def never() -> str:
        return "no answer"

    with pytest.raises(Terminal, match=r"(?s)broken ended with 1 .*no such flag"):
        await supervisor.ready("broken", never, timeout_s=10)


def test_nothing_is_left_running_when_the_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", parent_script(tmp_path)])
    children = wait_for_record(tmp_path, 2)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while any(running(child) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_next_start_ends_what_a_crash_left_running(tmp_path: Path) -> None:
    orphan = subprocess.Popen(SLEEPER)
    process = Process(name="orphan", pid=orphan.pid, started=started_at(orphan.pid))
    (tmp_path / "processes.json").write_text(f'[{{"name":"orphan","pid":{orphan.pid},"started":"{process.started}"}}]')
    assert Supervisor(tmp_path).end_leftovers() == ("orphan",)
    assert orphan.wait(5) != 0


def test_a_process_that_only_has_a_dead_ones_id_is_let_be(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEPER)
    (tmp_path / "processes.json").write_text(f'[{{"name":"worker","pid":{stranger.pid},"started":"1"}}]')
    assert Supervisor(tmp_path).end_leftovers() == ()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_where_the_kernel_cannot_hold_the_leash_an_attendant_does(tmp_path: Path) -> None:
    script = f"""
        import os, subprocess, sys, time
        attend = "import sys; sys.path.insert(0, {str(Path(leash.__file__).parent)!r}); import leash;"
        attend += "sys.exit(leash.attend(int(sys.argv[1]), sys.argv[2:]))"
        inner = "import os,time; open({str(tmp_path / "pid")!r},'w').write(str(os.getpid())); time.sleep(600)"
        subprocess.Popen([sys.executable, "-c", attend, str(os.getpid()), sys.executable, "-c", inner])
        time.sleep(600)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    deadline = time.monotonic() + 10
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    pid = int((tmp_path / "pid").read_text())
    assert started_at(pid)
    parent.kill()
    parent.wait()
    while started_at(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def parent_script(state: Path) -> str:
    return textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from varde.local.supervisor import Program, Supervisor
        supervisor = Supervisor(Path({str(state)!r}))
        for name in ("one", "two"):
            command = (sys.executable, "-c", "import time; time.sleep(600)")
            supervisor.start(Program(name=name, command=command, tier=1))
        time.sleep(600)
    """)


def wait_for_record(state: Path, count: int) -> tuple[Process, ...]:
    deadline = time.monotonic() + 20
    while len(recorded(state)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    return recorded(state)
