"""The audit log as a file, and the look along its chain."""

import json
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from core.errors import Invalid
from store.access import audit
from store.engine import transaction


def write_log(engine: Engine, file: Path) -> int:
    """Writes every entry, oldest first, a JSON object a line; gives their number.

    Raises:
        Invalid: the file cannot be written.
    """
    written = 0
    try:
        with file.open("w", encoding="utf-8") as out:
            for entry in _all(engine):
                out.write(json.dumps(audit.as_line(entry), ensure_ascii=False) + "\n")
                written += 1
    except OSError as error:
        fix = "name a file in a place that can be written"
        raise Invalid("FILE", error.strerror or "cannot be written", fix) from error
    return written


def check_log(engine: Engine) -> audit.Check:
    """What a look along the stored chain finds."""
    return audit.check(_all(engine))


def check_export(file: Path) -> audit.Check:
    """The same of an export.

    Raises:
        Invalid: the file cannot be read, or a line is no entry.
    """
    return audit.check(_entries(file))


def _entries(file: Path) -> Iterator[audit.Entry]:
    fix = "name a file that `pointsman audit export` wrote"
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield _entry(line, number, fix)
    except OSError as error:
        raise Invalid("FILE", error.strerror or "cannot be read", fix) from error


def _entry(line: str, number: int, fix: str) -> audit.Entry:
    try:
        return audit.of_line(json.loads(line))
    except (KeyError, ValueError, TypeError) as error:
        raise Invalid(f"FILE line {number}", "is no entry of the audit log", fix) from error


def _all(engine: Engine) -> Iterator[audit.Entry]:
    return audit.along(lambda last: transaction(engine, lambda c: audit.next_after(c, last)))
