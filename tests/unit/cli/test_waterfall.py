import io

from rich.console import Console

from varde.cli.waterfall import render
from varde.model.message import AppKey
from varde.model.trace import Attributes, StoredSpan, Trace

SHOP, CART = AppKey("argocd", "shop"), AppKey("argocd", "cart")


def span(
    name: str,
    start_s: float,
    end_s: float,
    *,
    parent: str = "",
    app: AppKey | None = None,
    error: str = "",
    attributes: Attributes | None = None,
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
        attributes=attributes or {},
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
        span("fetch", 10, 10.1, parent="root"),
        span("reconcile", 10.1, 10.4, parent="root", app=SHOP),
        span("render", 10.1, 10.2, parent=f"reconcile-{SHOP}", app=SHOP),
        span("wait for health", 10.4, 12, parent="root", app=SHOP),
        span("reconcile", 10.1, 10.3, parent="root", app=CART, error="no such path"),
    ),
)


def test_a_change_that_is_not_healthy_yet_has_no_times():
    assert drawn(Trace(id="b", spans=PUSH.spans[1:3]))[0] == "not healthy yet"


def test_parts_stand_below_their_whole_in_the_order_in_which_they_began():
    lines = drawn(PUSH, SHOP)
    assert lines[0].strip() == "push → synced 400 ms   push → healthy 2.00 s"
    head = next(number for number, line in enumerate(lines) if line.startswith("span"))
    names = ["converge", "fetch", "reconcile", "render", "wait"]
    assert [line.split()[0] for line in lines[head + 1 :]] == names
    assert lines[head + 4].startswith("    render")


def test_the_phases_stand_above_the_longest_first_and_sum_to_the_whole():
    lines = [line.split() for line in drawn(PUSH, SHOP)]
    begin = lines.index(["phase", "took", "share"])
    assert [line[:-1] for line in lines[begin + 1 : begin + 5]] == [
        ["wait", "for", "health", "1.60", "s", "80%"],
        ["reconcile", "200", "ms", "10%"],
        ["fetch", "100", "ms", "5%"],
        ["render", "100", "ms", "5%"],
    ]


def test_a_span_says_what_its_time_was_spent_on_the_largest_two():
    causes: Attributes = {"varde.cpu_s": 0.1, "varde.run_queue_s": 0.25, "varde.steal_s": 0.004}
    lines = drawn(Trace(id="b", spans=(span("render", 1, 2, attributes=causes),)), width=120)
    assert "run queue 250 ms, cpu 100 ms" in lines[-1]


def test_what_others_wrote_does_not_move_the_cursor():
    assert not any("\x1b" in line for line in drawn(Trace(id="b", spans=(span("a", 1, 2, error="\x1b[2J"),))))


def test_the_other_applications_of_the_same_push_are_left_out():
    assert not any("no such path" in line for line in drawn(PUSH, SHOP))
    assert any("✕ reconcile: no such path" in line for line in drawn(PUSH, CART))


def test_no_line_is_wider_than_the_terminal():
    assert max(map(len, drawn(PUSH, width=80))) <= 80


def test_no_trace_yet_says_so():
    assert "no change has been traced yet" in drawn(Trace(id="", spans=()))[0]
