"""Progress of a sync: a bar on a terminal, a line now and then where standard error is none."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ingest.report import Progress
from rag import cli

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_LABELS = {"read": ("Reading", "files"), "embed": ("Embedding", "chunks")}
_LINE_S = 10.0  # between two lines where there is no terminal
_QUIET_S = 0.5  # a sync that is over by then shows no bar


class Display:
    """Shows a sync's progress and notes, on standard error only."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._bar: Bar | None = None
        self._tasks: dict[str, TaskID] = {}
        self._began = time.monotonic()
        self._last_line = time.monotonic()

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *exc: object) -> None:
        self.pause()

    def show(self, progress: Progress) -> None:
        if progress.stage == "note":
            self.note(progress.detail)
        elif progress.stage in _LABELS and self._is_terminal:
            self._show_bar(progress)
        elif progress.stage in _LABELS and time.monotonic() - self._last_line > _LINE_S:
            self._last_line = time.monotonic()
            label, unit = _LABELS[progress.stage]
            cli.say(f"{label}: {progress.done:,} of {progress.total:,} {unit}")

    def note(self, text: str) -> None:
        if self._bar:
            self._bar.console.print(cli.clean(text), highlight=False, markup=False)
        else:
            cli.say(text)

    def pause(self) -> None:
        """Take the bar away, until there is progress again."""
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._tasks = None, {}
        self._began = time.monotonic()

    def _show_bar(self, progress: Progress) -> None:
        if self._bar is None:
            if time.monotonic() - self._began < _QUIET_S:
                return
            self._bar = _open_bar()
        label, unit = _LABELS[progress.stage]
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._bar.add_task(label, unit=unit)
        self._bar.update(self._tasks[progress.stage], completed=progress.done, total=progress.total)


def _open_bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeRemainingColumn(),
    )
    bar = Bar(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    return bar
