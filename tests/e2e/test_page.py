"""The page in a real Chromium, before the real API: what a person sees, presses and must not be tricked by."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chromium import Page, chromium
from redis.asyncio import Redis

from api_process import TOKEN, Api, running_api
from varde.adapters.internal_key import internal_key
from varde.adapters.kube import KubeCluster
from varde.adapters.sealing import Sealer
from varde.model.diff import ObjectDiff, StoredDiff
from varde.model.message import AppKey
from varde.model.resource import ResourceKey
from varde.model.trace import StoredSpan
from varde.telemetry.span_encoding import Head, as_lines, pack

CONTROL = "argocd"
HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
ROW = "document.querySelector('.rows .row:not([hidden])')"
MANY = 5000
FIRST_ROWS_S = 3.0
"""Generous, as CI's machines are busy; two idle cores need 0.6 s."""


def shown(text: str) -> str:
    """An expression: this text is on the page."""
    return f"document.body.innerText.includes({json.dumps(text)})"


def application(name: str, **status: Any) -> dict[str, Any]:
    source = {"repoURL": "https://git.example/shop.git", "path": name, "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": name}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"namespace": CONTROL, "name": name},
        "spec": {"project": "default", "source": source, "destination": destination},
        "status": {"sync": {"status": "Synced", "revision": "c" * 40}, "health": {"status": "Healthy"}, **status},
    }


def key(name: str) -> ResourceKey:
    return ResourceKey(group="argoproj.io", kind="Application", namespace=CONTROL, name=name)


@pytest.fixture
async def api(kubeconfig: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(kubeconfig, valkey_url, tmp_path) as api:
        yield api


@pytest.fixture
async def page(api: Api, tmp_path: Path) -> AsyncIterator[Page]:
    """The list, signed in by the link that ``varde up`` shows; at the end the browser must have had no complaint."""
    async with chromium(tmp_path / "profile") as page:
        await page.visit(f"{api.url}/?token={TOKEN}")
        await page.until("document.getElementById('connection').textContent === 'live'")
        yield page
        assert page.complaints == []


@pytest.fixture
async def shop(cluster: KubeCluster) -> AsyncIterator[str]:
    name = f"shop-{uuid.uuid4().hex[:8]}"
    await cluster.create(application(name))
    yield name
    await cluster.delete(key(name))


async def test_the_token_leaves_the_address_and_no_script_can_read_the_cookie(page: Page):
    assert await page.run("location.href.includes('token')") is False
    assert await page.run("document.cookie") == ""


async def test_a_change_in_the_cluster_shows_at_once_by_word_and_shape(page: Page, cluster: KubeCluster, shop: str):
    await page.until(shown(shop))
    await cluster.merge_patch(key(shop), {"status": {"health": {"status": "Degraded", "message": "1 of 3 pods"}}})
    began_s = time.monotonic()
    await page.until(f"{ROW}.innerText.includes('✕') && {ROW}.innerText.includes('Degraded') && {shown('1 of 3 pods')}")
    assert time.monotonic() - began_s < 2
    await cluster.delete(key(shop))
    await page.until(f"!{shown(shop)}")


async def test_an_application_is_found_opened_synced_and_left_by_keys_alone(
    page: Page, cluster: KubeCluster, shop: str
):
    await page.until(shown(shop))
    await page.press("/")
    await page.type(shop)
    await page.until("document.querySelector('[role=grid]').getAttribute('aria-rowcount') === '2'")
    await page.press("Enter")
    await page.until(f"document.querySelector('#detail h1')?.textContent.startsWith('{shop}')")
    await page.press("s")
    await page.until("document.querySelector('#sync-dialog[open]')")
    await page.press("Enter")
    await page.until(shown("sync asked for"))
    written = await cluster.get(key(shop))
    assert written is not None
    assert written["operation"]["initiatedBy"] == {"username": "local"}
    await page.press("r")
    await page.until(shown("refresh asked for"))
    await page.press("?")
    await page.until("document.querySelector('#help-dialog[open]')")
    await page.press("Escape")
    await page.until("!document.querySelector('#help-dialog[open]')")
    await page.press("Escape")
    await page.until("location.hash === '#/' && document.activeElement.getAttribute('role') === 'grid'")


async def test_texts_of_others_are_shown_and_never_run(page: Page, cluster: KubeCluster, shop: str, valkey_url: str):
    conditions = [{"type": "ComparisonError", "message": HOSTILE}]
    place = {"version": "v1", "kind": "Service", "namespace": "web", "name": HOSTILE}
    resources = [{**place, "status": "OutOfSync", "health": {"status": HOSTILE, "message": HOSTILE}}]
    status = {"sync": {"status": "OutOfSync", "revision": HOSTILE}, "conditions": conditions, "resources": resources}
    changed = ObjectDiff(
        resource=ResourceKey(kind="Service", namespace="web", name=HOSTILE), change="changed", text=f"-{HOSTILE}\n+b"
    )
    span = StoredSpan(
        name=HOSTILE,
        trace_id=uuid.uuid4().hex,
        span_id="1" * 16,
        service=HOSTILE,
        start_s=1.0,
        end_s=2.0,
        error=HOSTILE,
        application=AppKey(CONTROL, shop),
        attributes={"vcs.ref.head.revision": HOSTILE},
    )
    diff_place = f"varde:diff:{CONTROL}/{shop}"
    async with Redis.from_url(valkey_url) as redis:
        content = msgspec.json.encode(StoredDiff(revisions=(HOSTILE,), at_s=1.0, objects=(changed,)))
        await redis.set(diff_place, Sealer(await internal_key(cluster, CONTROL)).seal(diff_place, content))
        await redis.lpush(f"varde:traces:{CONTROL}/{shop}", pack(Head(id=span.trace_id), as_lines([span])))
    await cluster.merge_patch(key(shop), {"status": status})
    await page.until(shown(HOSTILE))
    await page.run(f"location.hash = '#/app/{CONTROL}/{shop}'")
    await page.until("document.querySelector('.waterfall') && document.querySelector('.diff')")
    assert await page.run(f"document.querySelector('.problem').textContent.includes({json.dumps(HOSTILE)})")
    assert await page.run("document.querySelectorAll('main img, main script').length") == 0


async def test_the_page_says_that_it_is_old_when_the_api_is_gone(page: Page, api: Api, shop: str):
    await page.until(shown(shop))
    api.process.terminate()
    assert await api.process.wait() == 0
    await page.until(shown("Connection lost"))
    assert await page.run(shown(shop))
    page.complaints.clear()  # the refused connections, which the browser lists


async def test_a_visitor_without_a_token_gets_the_form_and_gets_in_with_it(api: Api, tmp_path: Path):
    async with chromium(tmp_path / "profile") as page:
        await page.visit(f"{api.url}/")
        await page.until("document.activeElement?.name === 'token'")
        await page.type(TOKEN)
        await page.press("Enter")
        await page.until("document.getElementById('connection')?.textContent === 'live'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out_from_its_ground(page: Page, shop: str, scheme: str):
    """WCAG AA: 4.5 to 1."""
    await page.until(shown(shop))
    await page.prefer(scheme)
    assert await page.run(FAINT_TEXTS) == []


FAINT_TEXTS = """(() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(`${element.className} ${element.textContent}: ${contrast.toFixed(2)}`);
  }
  return faint;
})()"""


async def test_5000_applications_are_quick_and_only_those_in_sight_are_elements(
    page: Page, cluster: KubeCluster, api: Api
):
    names = [f"many-{number:04}" for number in range(MANY)]
    limit = asyncio.Semaphore(32)

    async def each(name: str, *, make: bool) -> None:
        async with limit:
            await (cluster.create(application(name)) if make else cluster.delete(key(name)))

    try:
        await asyncio.gather(*(each(name, make=True) for name in names))
        await page.until(f"Number(document.querySelector('[role=grid]').getAttribute('aria-rowcount')) > {MANY}")
        began_s = time.monotonic()
        await page.visit(f"{api.url}/?token={TOKEN}")
        await page.until(ROW)
        assert time.monotonic() - began_s < FIRST_ROWS_S
        await page.until(f"Number(document.querySelector('[role=grid]').getAttribute('aria-rowcount')) > {MANY}")
        assert await page.run("document.querySelectorAll('.row').length") < 100
        await page.press("/")
        await page.type("many-4999")
        await page.until("document.querySelector('[role=grid]').getAttribute('aria-rowcount') === '2'")
    finally:
        await asyncio.gather(*(each(name, make=False) for name in names))
