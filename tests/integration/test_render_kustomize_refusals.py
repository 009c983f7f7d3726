"""Broken and hostile kustomizations: a Terminal that names file and way out, and nothing left behind."""

import asyncio
import socket
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from varde.errors import Terminal
from varde.model.application import ApplicationSource
from varde.model.inputs import File
from varde.worker.render.bounded import Bounds, run
from varde.worker.render.kustomize import TMPFS, Kustomize, kustomize_program

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
SOURCE = ApplicationSource(repo_url="r", path="app")


def files(kustomization: str, **others: str) -> tuple[File, ...]:
    named = {"app/kustomization.yaml": kustomization, "app/s.yaml": SERVICE}
    named |= {f"app/{name}.yaml": content for name, content in others.items()}
    return tuple(File(path=path, content=content.encode()) for path, content in named.items())


BROKEN = {
    "resources: [missing.yaml]": r"app/missing\.yaml is named but is not in the repository",
    "resources: [s.yaml]\npatches: [{path: p.yaml}]": r"app/p\.yaml is named but is not in the repository",
    "resources: [../../../other]": r"\(outside of the repository\)|is named but is not in the repository",
    "resources: [s.yaml": r"^app/kustomization\.yaml, line 2, column 1: did not find expected",
    "resources: [s.yaml, s.yaml]": r"kustomize build app: merging resources from 's\.yaml': may not add",
    "resources: [s.yaml]\nnonsense: 1": r"unknown field \"nonsense\"",
    "": r"kustomization\.yaml is empty",
    "resources: [b.yaml]": r"^app/b\.yaml, line 2, column 3: mapping values are not allowed",
    "resources: [c.yaml]": r"missing Resource metadata",
    "helmCharts: [{name: x}]": r"must specify --enable-helm",
}


@pytest.mark.parametrize("kustomization", BROKEN)
async def test_a_broken_kustomization_is_refused_without_a_temporary_path(kustomization: str):
    kustomize = Kustomize(kustomize_program())
    with pytest.raises(Terminal, match=BROKEN[kustomization]) as refused:
        await kustomize.render(SOURCE, files(kustomization, b="a: 1\n b: 2\n", c="a: 1\n"))
    assert "varde-render" not in str(refused.value)


async def test_a_folder_without_a_kustomization_is_refused():
    with pytest.raises(Terminal, match=r"^app: there is no kustomization\.yaml"):
        await Kustomize(kustomize_program()).render(SOURCE, (File(path="kustomization.yaml", content=b""),))


@pytest.mark.parametrize("path", ["../escaped.yaml", "/escaped.yaml", "app/../../escaped.yaml", "a\0b"])
async def test_a_path_that_leads_out_is_refused_unwritten(path: str):
    hostile = (*files("resources: [s.yaml]"), File(path=path, content=b"x"))
    with pytest.raises(Terminal, match="leads out of the repository"):
        await Kustomize(kustomize_program()).render(SOURCE, hostile)
    assert "escaped.yaml" not in entries(TMPFS)


async def test_a_yaml_bomb_ends_at_the_memory_it_may_take():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    bomb = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n" + "\n".join(lines)
    bounds = Bounds(memory_bytes=1500 * 1024**2, wall_s=30)
    with pytest.raises(Terminal, match=r"needs more than 1572864000 bytes of memory|excessive aliasing"):
        await Kustomize(kustomize_program(), bounds=bounds).render(SOURCE, files("resources: [bomb.yaml]", bomb=bomb))


async def test_a_remote_resource_is_not_fetched():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.yaml"
        with pytest.raises(Terminal, match="kustomize build app"):
            await Kustomize(kustomize_program()).render(SOURCE, files(f"resources: ['{address}']"))
        with pytest.raises(BlockingIOError):
            listener.accept()


def entries(folder: str) -> set[str]:
    return {entry.name for entry in Path(folder).iterdir()}


def sleeper(folder: Path) -> tuple[str, ...]:
    program = folder / "sleeper"
    program.write_text(f"#!{sys.executable} -I\nimport os, time\nif os.fork() == 0:\n    pass\ntime.sleep(60)\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return (str(program),)


def alive(name: str) -> bool:
    return any(name in command_line(entry) for entry in entries("/proc") if entry.isdigit())


def command_line(process: str) -> str:
    try:
        return Path("/proc", process, "cmdline").read_text()
    except FileNotFoundError:
        return ""


async def test_a_build_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path):
    program = sleeper(tmp_path)
    began = time.monotonic()
    with pytest.raises(Terminal, match=r"kustomize build app took longer than 0\.5 s"):
        await Kustomize(program, bounds=Bounds(wall_s=0.5)).render(SOURCE, files("resources: [s.yaml]"))
    assert time.monotonic() - began < 5
    assert await gone(program[0])


async def test_a_cancelled_build_is_killed_with_what_it_started(tmp_path: Path):
    program = sleeper(tmp_path)
    build = asyncio.create_task(Kustomize(program).render(SOURCE, files("resources: [s.yaml]")))
    await asyncio.sleep(0.5)
    assert alive(program[0])
    build.cancel()
    with pytest.raises(asyncio.CancelledError):
        await build
    assert await gone(program[0])


async def gone(name: str) -> bool:
    for _ in range(100):
        if not alive(name):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_more_output_than_allowed_is_refused():
    with pytest.raises(Terminal, match="wrote more than 10 bytes"):
        await Kustomize(kustomize_program(), bounds=Bounds(output_bytes=10)).render(
            SOURCE, files("resources: [s.yaml]")
        )


async def test_endless_complaints_do_not_block():
    chatter = (sys.executable, "-I", "-c", "import sys; sys.stderr.write('x' * 3_000_000); sys.exit(3)")
    outcome = await run(chatter, what="chatter", environ={}, folder="/", bounds=Bounds())
    assert outcome.code == 3
    assert len(outcome.complaint) == 64 * 1024


async def test_builds_leave_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("varde.worker.render.kustomize.TMPFS", str(tmp_path))
    await Kustomize(kustomize_program()).render(SOURCE, files("resources: [s.yaml]"))
    with pytest.raises(Terminal):
        await Kustomize(kustomize_program()).render(SOURCE, files("resources: [missing.yaml]"))
    assert entries(str(tmp_path)) == set()


async def test_builds_beside_busy_threads_all_end():
    stop = threading.Event()
    busy = threading.Thread(target=lambda: [None for _ in iter(stop.is_set, True)])
    busy.start()
    kustomize = Kustomize(kustomize_program(), at_once=2)
    built = await asyncio.gather(*(kustomize.render(SOURCE, files("resources: [s.yaml]")) for _ in range(8)))
    stop.set()
    busy.join()
    assert [len(found) for found in built] == [1] * 8
