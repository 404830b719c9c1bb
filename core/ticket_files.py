"""Tickets from JSON-lines files, plain or gzipped: every good line, and every bad one by number."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import Invalid
from core.ticket_json import loads, parse_ticket
from core.types import Ticket

MAX_LINE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a ticket file: its number from 1, and either a ticket or what is wrong."""

    number: int
    ticket: Ticket | None = None
    error: Invalid | None = None


def read_tickets(path: Path, *, ignore_unknown: bool = False) -> Iterator[Line]:
    """Reads a `.jsonl` or `.jsonl.gz` file, or standard input for `-`, line by line.

    A bad line does not end the reading; a gzip stream that breaks off yields every whole line
    before the break and then one error. Blank lines and tombstones of erased tickets are skipped.

    Args:
        path: the file.
        ignore_unknown: as in `core.ticket_json.parse_ticket`.

    Raises:
        Invalid: the file cannot be opened.
    """
    number = 0
    with open_file(path) as stream:
        while True:
            number += 1
            try:
                raw = stream.readline(MAX_LINE_BYTES + 1)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                yield Line(number=number, error=_broken_gzip(error))
                return
            if not raw:
                return
            if len(raw) > MAX_LINE_BYTES:
                _skip_line(stream, raw)
                yield Line(number=number, error=_too_long())
            elif raw.strip() and (line := _parse(number, raw, ignore_unknown)) is not None:
                yield line


def is_tombstone(said: object) -> bool:
    """Whether a decoded line stands for a ticket that was erased from a data set."""
    return isinstance(said, dict) and "erased" in said and "body" not in said


def _parse(number: int, raw: bytes, ignore_unknown: bool) -> Line | None:
    try:
        said = loads(raw)
        if is_tombstone(said):
            return None
        return Line(number=number, ticket=parse_ticket(said, ignore_unknown=ignore_unknown))
    except Invalid as error:
        return Line(number=number, error=error)


def open_file(path: Path) -> BinaryIO:
    """A file to read bytes from, unpacked where it is gzipped; standard input for `-`.

    Raises:
        Invalid: it cannot be opened.
    """
    if str(path) == "-":
        return sys.stdin.buffer
    try:
        stream = path.open("rb")
    except OSError as error:
        raise Invalid(
            str(path), error.strerror or "cannot be read", "name a readable file"
        ) from error
    if stream.peek(2)[:2] != b"\x1f\x8b":
        return stream
    stream.close()  # gzip closes a file that it opened itself, and no other
    return gzip.open(path)  # type: ignore[return-value]


def _skip_line(stream: BinaryIO, raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(MAX_LINE_BYTES)


def _too_long() -> Invalid:
    return Invalid("line", f"is longer than {MAX_LINE_BYTES} bytes", "split or shorten the ticket")


def _broken_gzip(error: Exception) -> Invalid:
    problem = f"breaks off in the middle of the gzip stream ({type(error).__name__})"
    return Invalid("file", problem, "copy the file again; the tickets before it were read")
