import io

from rich.console import Console

from varde.cli.waterfall import render, times
from varde.model.message import AppKey
from varde.model.trace import StoredSpan, Trace

SHOP, CART = AppKey("argocd", "shop"), AppKey("argocd", "cart")


def span(
    name: str, start_s: float, end_s: float, *, parent: str = "", app: AppKey | None = None, error: str = ""
) -> StoredSpan:
    return StoredSpan(
        name=name,
        trace_id="a" * 32,
        span_id="root" if name == "converge" else f"{name}-{app}",
        parent_id=parent,
        service="worker",
        start_s=start_s,
        end_s=end_s,
        application=app,
        error=error,
    )


def drawn(trace: Trace, app: AppKey | None = None, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(render(trace, app))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()


PUSH = Trace(
    id="a" * 32,
    spans=(
        span("converge", 10, 12, app=SHOP),
        span("converge", 10, 20, app=CART),
        span("fetch", 10, 10.1, parent="root"),
        span("reconcile", 10.1, 10.4, parent="root", app=SHOP),
        span("render", 10.1, 10.2, parent=f"reconcile-{SHOP}", app=SHOP),
        span("wait for health", 10.4, 12, parent="root", app=SHOP),
        span("reconcile", 10.1, 10.3, parent="root", app=CART, error="no such path"),
    ),
)


def test_the_times_are_of_the_push_to_synced_and_to_healthy_of_one_application():
    shop = times(PUSH, SHOP)
    assert shop.synced_s is not None
    assert (round(shop.synced_s, 3), shop.healthy_s) == (0.4, 2.0)
    assert times(PUSH, CART).healthy_s == 10.0
    assert times(PUSH).healthy_s == 10.0


def test_what_was_healthy_as_soon_as_it_was_synced_has_one_time():
    assert times(PUSH, CART).synced_s == 10.0


def test_a_change_that_is_not_healthy_yet_has_no_times():
    unfinished = Trace(id="b", spans=PUSH.spans[2:4])
    assert times(unfinished).healthy_s is None
    assert drawn(unfinished)[0] == "not healthy yet"


def test_parts_stand_below_their_whole_in_the_order_in_which_they_began():
    lines = drawn(PUSH, SHOP)
    assert lines[0].strip() == "push → synced 400 ms   push → healthy 2.00 s"
    assert [line.split()[0] for line in lines[2:]] == ["converge", "fetch", "reconcile", "render", "wait"]
    assert lines[5].startswith("    render")


def test_the_other_applications_of_the_same_push_are_left_out():
    assert not any("no such path" in line for line in drawn(PUSH, SHOP))
    assert any("✕ reconcile: no such path" in line for line in drawn(PUSH, CART))


def test_no_line_is_wider_than_the_terminal():
    assert max(map(len, drawn(PUSH, width=80))) <= 80


def test_no_trace_yet_says_so():
    assert "no change has been traced yet" in drawn(Trace(id="", spans=()))[0]
