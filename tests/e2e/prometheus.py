"""A real Prometheus over a running Varde, with the scrape jobs and rules of ``deploy/monitoring``."""

import asyncio
import math
import shutil
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import yaml
from running_varde import VardeUp, eventually

from varde.local.ports import reserve
from varde.local.program_cache import cache_folder
from varde.local.services import INSTANCES

__all__ = ["FOLDER", "Prometheus", "program", "prometheus_over", "scrape_config"]

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"
EVERY = "1s"
PATIENCE_S = 60.0
NAMESPACE = "argocd"
POD = "__meta_kubernetes_pod"
Series = tuple[Mapping[str, str], float]


def program(name: str) -> str:
    """``prometheus`` or ``promtool``: on PATH, or where ``make prometheus`` puts them."""
    cached = cache_folder() / "programs" / "prometheus" / "usr" / "bin" / name
    found = shutil.which(name) or (str(cached) if cached.exists() else None)
    assert found, f"no {name} on PATH or at {cached}: make prometheus (make test does)"
    return found


def scrape_config(up: VardeUp, folder: Path) -> Path:
    """The committed configuration, with processes in the place of Pods: what a cluster says of each is said here.

    Debian's Prometheus is built without Kubernetes' service discovery; everything behind that is as committed.
    """
    config = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": EVERY, "evaluation_interval": EVERY}
    config["rule_files"] = [str(FOLDER / name) for name in config["rule_files"]]
    ports = msgspec.json.decode((up.state / "ports.json").read_bytes(), type=dict[str, int])
    token = folder / "token"
    token.write_text(up.endpoints.token)
    for job in config["scrape_configs"]:
        del job["kubernetes_sd_configs"]
        job["static_configs"] = [_pod(name, ports[name]) for name in INSTANCES]
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(token)
    path = folder / "prometheus.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def _pod(name: str, port: int) -> dict[str, Any]:
    """One target, with what service discovery says of a Pod."""
    labels = {
        "__meta_kubernetes_namespace": NAMESPACE,
        f"{POD}_name": name,
        f"{POD}_container_port_name": "http",
        f"{POD}_label_app_kubernetes_io_part_of": "varde",
        f"{POD}_label_app_kubernetes_io_component": INSTANCES[name],
    }
    return {"targets": [f"127.0.0.1:{port}"], "labels": labels}


class Prometheus:
    """Asked over its HTTP API."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer; an error is the query's own."""
        async with self._session.post(f"{self.url}/api/v1/{path}", data=parameters) as answer:
            body = await answer.json()
        assert body["status"] == "success", f"{parameters}: {body}"
        return body["data"]

    async def query(self, expr: str) -> tuple[Series, ...]:
        """Labels and value of each series that a query has now and that is a number."""
        found = (await self.ask("query", query=expr))["result"]
        values = ((one["metric"], float(one["value"][1])) for one in found)
        return tuple((labels, value) for labels, value in values if not math.isnan(value))

    async def value(self, expr: str) -> float:
        """Of a query with one answer; 0 where there is none."""
        return next((value for _, value in await self.query(expr)), 0.0)

    async def lacking(self, expressions: Iterable[str]) -> tuple[str, ...]:
        """Those that have no number now."""
        return tuple([expr for expr in expressions if not await self.query(expr)])

    async def have(self, expressions: Iterable[str]) -> None:
        """Wait until each has a number."""
        wanted = tuple(expressions)

        async def look() -> bool:
            return not await self.lacking(wanted)

        try:
            await eventually(look, patience_s=PATIENCE_S)
        except AssertionError:
            raise AssertionError(f"no data: {await self.lacking(wanted)}") from None


@asynccontextmanager
async def prometheus_over(up: VardeUp, folder: Path) -> AsyncIterator[Prometheus]:
    """Runs until the end of the block; begins once every process was scraped."""
    port = reserve(("prometheus",), record=folder / "ports.json")["prometheus"]
    process = await asyncio.create_subprocess_exec(
        program("prometheus"),
        f"--config.file={scrape_config(up, folder)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
        cwd=folder,
    )
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30.0)) as session:
            running = Prometheus(session, f"http://127.0.0.1:{port}")
            await eventually(lambda: _scraped(running), what="not every process is scraped", patience_s=PATIENCE_S)
            yield running
    finally:
        process.terminate()
        await process.wait()


async def _scraped(running: Prometheus) -> bool:
    try:
        seen = await running.query("varde_info")
    except aiohttp.ClientConnectionError:
        return False
    return {labels["instance"]: labels["service"] for labels, _ in seen} == INSTANCES
