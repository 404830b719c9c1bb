"""How far a training is: a bar on a terminal, a line for each stage elsewhere. Always on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cli.output import complain
from trainer.job.progress import Progress as Listener


@contextmanager
def shown_training() -> Iterator[Listener]:
    """A listener for `trainer.run.train` that shows what it hears while the context lasts."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    columns = (TextColumn("{task.description:<16}"), BarColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:
        yield Bars(bars)


class Lines:
    """A line for each stage and note."""

    def stage(self, name: str) -> None:
        """Says its name."""
        complain(f"training: {name}")

    def advance(self, fraction: float, eta_s: float | None) -> None:
        """Too often for lines."""

    def note(self, message: str) -> None:
        """Says it."""
        complain(f"training: {message}")


class Bars:
    """A bar for each stage, with the time left; a finished stage keeps its bar."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._current: TaskID | None = None

    def stage(self, name: str) -> None:
        """Ends the bar before and starts another."""
        if self._current is not None:
            self._bars.update(self._current, total=1, completed=1, left="")
            self._bars.stop_task(self._current)
        self._current = self._bars.add_task(name, total=None, left="")

    def advance(self, fraction: float, eta_s: float | None) -> None:
        """Moves the bar."""
        if self._current is not None:
            left = "" if eta_s is None else f"{eta_s:.0f} s left"
            self._bars.update(self._current, total=1, completed=fraction, left=left)

    def note(self, message: str) -> None:
        """A line above the bars."""
        self._bars.console.print(message, markup=False, highlight=False)
