"""A real Prometheus over a running Varde, with the scrape jobs and rules of ``deploy/monitoring``."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import yaml
from running_varde import VardeUp, eventually

from prometheus_program import FOLDER, program
from varde.local.ports import reserve
from varde.local.services import INSTANCES

__all__ = ["Prometheus", "prometheus_over", "scrape_config"]

EVERY = "1s"
PATIENCE_S = 60.0
NAMESPACE = "argocd"
POD = "__meta_kubernetes_pod"
Series = tuple[Mapping[str, str], float]


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
    """Asked over its HTTP API about all that it has seen, second by second, as a graph of Grafana asks."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url
        self._began_s = time.time()

    async def ready(self) -> bool:
        """Whether it answers queries yet."""
        try:
            async with self._session.get(f"{self.url}/-/ready") as answer:
                return answer.ok
        except aiohttp.ClientConnectionError:
            return False

    async def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer; an error is the query's own."""
        async with self._session.get(f"{self.url}/api/v1/{path}", params=parameters) as answer:
            body = await answer.json()
        assert body["status"] == "success", f"{parameters}: {body}"
        return body["data"]

    async def over_time(self, path: str, expr: str, **more: str) -> Any:
        """An answer about the time since the start."""
        return await self.ask(path, query=expr, start=str(self._began_s), end=str(time.time()), **more)

    async def now(self, expr: str) -> tuple[Series, ...]:
        """Labels and value of each series of a query at this moment."""
        found = (await self.ask("query", query=expr))["result"]
        return tuple((one["metric"], float(one["value"][1])) for one in found)

    async def has(self, expr: str) -> bool:
        """Whether a query was ever answered with a number."""
        found = (await self.over_time("query_range", expr, step=EVERY))["result"]
        return any(value != "NaN" for one in found for _, value in one["values"])

    async def lacking(self, expressions: Iterable[str]) -> list[str]:
        """Those without a number."""
        return [expr for expr in expressions if not await self.has(expr)]

    async def has_all(self, expressions: Iterable[str]) -> None:
        """Wait until each had a number."""
        wanted = list(expressions)

        async def look() -> bool:
            nonlocal wanted
            wanted = await self.lacking(wanted)
            return not wanted

        try:
            await eventually(look, patience_s=PATIENCE_S)
        except AssertionError:
            raise AssertionError(f"never a number: {wanted}") from None


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
    if not await running.ready():
        return False
    seen = await running.now("varde_info")
    return {labels["instance"]: labels["service"] for labels, _ in seen} == INSTANCES
