"""Files of old tickets into the database, to learn from: resumable, with a report of what is wrong.

Nothing is kept of how far an import came but the tickets themselves: the same file again passes
quickly over what is there, and the report is always of the whole file.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from sqlalchemy import Engine

from cli.tickets.batches import in_batches
from core.errors import Invalid
from core.history.files import Row, read_export
from core.history.formats import read_row
from core.history.mapping import HistoryMapping
from core.redaction import Redactor
from core.text import clean_text
from core.types import HistoryFormat, Ticket
from store.engine import transaction
from store.queue.history import Taken
from store.queue.imports import AT_ONCE, Batch, take_batch
from store.rules import taxonomy

_MOST_LISTED = 1_000
Report = Callable[[int, Invalid], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An import as it was asked for.

    Attributes:
        name: of the import; the file's name if None.
        format: what wrote the file; None to find out.
        refusals: where refused rows are written; None for nowhere.
        by: who imports.
    """

    path: Path
    name: str | None
    source: str
    format: HistoryFormat | None
    mapping: HistoryMapping
    refusals: Path | None
    redact: Redactor
    by: str


@dataclass(slots=True, kw_only=True)
class ImportTally:
    """What became of a file's rows.

    Attributes:
        errors: the first 1,000 refused rows; all of them are in the file `report`.
        labels: that its rows have; in the end those that are not in use.
        seconds: that it took.
    """

    format: HistoryFormat
    outcomes: Counter[Taken] = field(default_factory=Counter)
    refused: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    report: Path | None = None
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        """How many there were."""
        return self.outcomes.total() + self.refused

    def refuse(self, row: int, error: Invalid) -> None:
        """Counts one bad row."""
        self.refused += 1
        if len(self.errors) < _MOST_LISTED:
            self.errors.append({"line": row, **_told(error)})

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **{str(outcome): self.outcomes[outcome] for outcome in Taken},
            "refused": self.refused,
            "errors": self.errors,
            "not_in_use": sorted(self.labels),
            "rows": self.rows,
            "rows_per_s": round(self.rows / self.seconds) if self.seconds else None,
            "format": self.format,
            "report": None if self.report is None else str(self.report),
        }


def import_file(
    engine: Engine, wish: Wish, *, report: Report, advance: Callable[[int], None]
) -> ImportTally:
    """Stores a file's labelled tickets; nothing is decided and nobody is told.

    Args:
        engine: of the database.
        wish: the file, and how to read it.
        report: is told each refused row as it is met.
        advance: is told how many rows are through, batch by batch.

    Raises:
        Invalid: the file cannot be opened; or the import's name was used for another source.
        Transient: the database is away; importing the file again adds what is missing.
    """
    started = time.monotonic()
    format_, rows = read_export(wish.path, wish.format)
    tally = ImportTally(format=format_)
    with _refusals(wish.refusals) as write:
        for batch in in_batches(rows, AT_ONCE):
            for row, error in _take(engine, wish, tally, batch):
                write(f"{json.dumps({'row': row, **_told(error)}, ensure_ascii=False)}\n")
                report(row, error)
            advance(len(batch))
    tally.labels -= {label.name for label in transaction(engine, taxonomy.labels)}
    tally.seconds = time.monotonic() - started
    tally.report = _kept(wish.refusals, tally.refused)
    return tally


def read_mapping(file: Path | None, columns: Iterable[str]) -> HistoryMapping:
    """The mapping of a YAML or JSON file, with `field=column` of the command line over it.

    Raises:
        Invalid: the file is no mapping, or an argument is no `field=column`.
    """
    said = {} if file is None else _yaml(file)
    if not isinstance(said, dict) or not isinstance(said.get("fields", {}), dict):
        raise Invalid("--mapping", "is no mapping", "see `docs/api.md`, Importing history")
    fields = {**said.get("fields", {}), **dict(map(_column, columns))}
    try:
        return HistoryMapping(**{**said, "fields": fields})
    except (ValidationError, TypeError) as error:
        where = ".".join(map(str, _first_place(error))) or "mapping"
        fix = "see `docs/api.md`, Importing history"
        raise Invalid(f"mapping.{where}", "is not what a mapping has", fix) from error


def _take(
    engine: Engine, wish: Wish, tally: ImportTally, rows: list[Row]
) -> Iterator[tuple[int, Invalid]]:
    """Stores a batch, counts it, and gives what was refused of it."""
    batch = Batch(
        name=clean_text(wish.name or wish.path.name).text,
        source=wish.source,
        format=tally.format,
        entries=[_entry(row, tally.format, wish.mapping) for row in rows],
    )
    _, became = transaction(engine, lambda c: take_batch(c, batch, by=wish.by, redact=wish.redact))
    for row, given, outcome in zip(rows, batch.entries, became, strict=True):
        if isinstance(outcome, Invalid):
            tally.refuse(row.number, outcome)
            yield row.number, outcome
        else:
            tally.outcomes[outcome] += 1
            tally.labels.update((given.labels or ()) if isinstance(given, Ticket) else ())


def _entry(row: Row, format_: HistoryFormat, mapping: HistoryMapping) -> Ticket | Invalid:
    if row.error is not None:
        return row.error
    try:
        return read_row(row.said, format_, mapping)
    except Invalid as error:
        return error


def _told(error: Invalid) -> dict[str, str]:
    return {"field": error.field, "problem": error.problem, "fix": error.fix}


@contextmanager
def _refusals(path: Path | None) -> Iterator[Callable[[str], object]]:
    """What writes a line of the report, which is begun anew; without a path it goes nowhere."""
    if path is None:
        yield len
        return
    try:
        stream = path.open("w", encoding="utf-8")
    except OSError as error:
        problem = error.strerror or "cannot be written"
        raise Invalid(str(path), problem, "name a file by --report") from error
    with stream:
        yield stream.write


def _kept(path: Path | None, refused: int) -> Path | None:
    """The report, if there is anything in it."""
    if path is None or refused:
        return path
    with suppress(OSError):
        path.unlink()
    return None


def _yaml(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid(str(file), "cannot be read as YAML", "name a mapping's file") from error


def _column(argument: str) -> tuple[str, str]:
    name, between, column = argument.partition("=")
    if not (name and between and column):
        raise Invalid("--map", "is no FIELD=COLUMN", "write for example --map labels=Tags")
    return name, column


def _first_place(error: ValidationError | TypeError) -> tuple[int | str, ...]:
    return error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
