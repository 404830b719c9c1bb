"""A backtest in words, and as JSON."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import to_jsonable_python
from rich.table import Table

from router.backtest import Backtest

_SHOWN = 20


def backtest_lines(found: Backtest) -> Iterator[str]:
    """The figures that are no table."""
    if not found.tickets:
        yield "No decision in this period can be made again."
        return
    sample = "" if found.tickets + found.left_out == found.of else f" of {found.of:,}, by hash"
    yield f"{found.moved:,} of {found.tickets:,} tickets{sample} would move."
    if found.left_out:
        yield f"{found.left_out:,} more were left out: their thresholds or labels are gone."
    if found.judged:
        before, after = found.agreed_before / found.judged, found.agreed_after / found.judged
        yield f"Where people put them ({found.judged:,}): {before:.1%} before, {after:.1%} after."
    for word, labels in (("gain", found.gained), ("lose", found.lost)):
        for label, tickets in labels.items():
            yield f"{tickets:,} tickets {word} label {label}."


def backtest_tables(found: Backtest) -> Iterator[Table]:
    """Who moves, and the loads that change."""
    if not found.moves:
        return
    moves = _table("from", "to", "tickets", "such as")
    for move in found.moves[:_SHOWN]:
        moves.add_row(move.before, move.after, f"{move.tickets:,}", ", ".join(move.samples))
    yield moves
    loads = _table("department", "before", "after")
    for name, load in found.loads.items():
        if load.before != load.after:
            loads.add_row(name, f"{load.before:,}", f"{load.after:,}")
    yield loads


def backtest_object(found: Backtest) -> dict[str, Any]:
    """JSON-ready."""
    return {**to_jsonable_python(found), "moved": found.moved}


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        figures = column in ("tickets", "before", "after")
        table.add_column(column, justify="right" if figures else "left")
    return table
