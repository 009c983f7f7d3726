"""Draws the progress of the local stack: bars in a terminal, lines in a log."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from varde.local.progress import Step

__all__ = ["ProgressDisplay"]

LINE_INTERVAL_S = 5.0
"""How often a part that goes on gets a line in a log."""
TEXT_WIDTH = 60


class ProgressDisplay:
    """Shows steps between its ``with`` and the end of it; call it with each ``Step``.

    Args:
        console: a terminal gets bars, anything else gets a line for each part.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description:34}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[text]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._said_s: dict[str, float] = {}
        self._finished: set[str] = set()
        self._began_s = time.monotonic()

    def __call__(self, step: Step) -> None:
        """Show a step; a part that was finished stays so."""
        if step.part in self._finished:
            return
        if step.finished:
            self._finished.add(step.part)
        if self._console.is_terminal:
            self._draw(step)
        else:
            self._say(step)

    def _draw(self, step: Step) -> None:
        if step.part not in self._tasks:
            self._tasks[step.part] = self._progress.add_task(step.part, text="")
        task = self._tasks[step.part]
        text = "" if step.finished else step.text[:TEXT_WIDTH]
        self._progress.update(task, completed=step.done, total=step.total or None, text=text)
        if step.finished:
            self._progress.stop_task(task)

    def _say(self, step: Step) -> None:
        now_s = time.monotonic()
        if step.finished or now_s - self._said_s.get(step.part, float("-inf")) >= LINE_INTERVAL_S:
            self._said_s[step.part] = now_s
            counted = f"{step.done}/{step.total}" if step.total else ""
            line = f"{now_s - self._began_s:6.1f} s  {step.part:34} {counted:>11}  {step.text}"
            self._console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave what was drawn on the screen."""
        self._progress.stop()
