"""How far an import is, and the first rows that it refuses. Always on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.output import complain
from core.errors import Invalid

_MOST_SAID = 5


class Shown:
    """Says the first refused rows; the rest is in the report."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._refused = 0

    def refused(self, row: int, error: Invalid) -> None:
        """One refused row."""
        self._refused += 1
        if self._refused <= _MOST_SAID:
            complain(f"{self._file}:{row}: {error}")
        elif self._refused == _MOST_SAID + 1:
            complain("more are refused; the report has them all")

    def advance(self, rows: int) -> None:
        """So many rows more are through; too often for lines."""


class Bar(Shown):
    """The same with a line that counts rows, for a terminal."""

    def __init__(self, file: Path, bars: Progress) -> None:
        super().__init__(file)
        self._bars, self._task = bars, bars.add_task("importing", total=None)

    def advance(self, rows: int) -> None:
        """Counts them."""
        self._bars.advance(self._task, rows)


@contextmanager
def shown_import(file: Path) -> Iterator[Shown]:
    """What an import tells of itself while the context lasts."""
    if not sys.stderr.isatty():
        yield Shown(file)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f} rows"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:
        yield Bar(file, bars)
