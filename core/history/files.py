"""Files of old tickets as rows: JSON lines, a JSON array, or a table; plain or gzipped.

A bad row does not end the reading. Tables are UTF-8, with a heading for each column.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import Invalid
from core.history.formats import recognised
from core.ticket_files import MAX_LINE_BYTES, is_tombstone, open_file
from core.ticket_json import loads
from core.types import HistoryFormat

_DELIMITERS = ",;\t|"
_BOM = b"\xef\xbb\xbf"
_CHUNK_CHARS = 1 << 18
_BETWEEN_ELEMENTS = re.compile(r"[ \t\r\n,]*")
_BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of an export: where it is, and either what it says or what is wrong with it.

    Attributes:
        number: of its line from 1; of its element from 1 in a JSON array.
    """

    number: int
    said: dict[str, Any] | None = None
    error: Invalid | None = None


def read_export(
    path: Path, format_: HistoryFormat | None = None
) -> tuple[HistoryFormat, Iterator[Row]]:
    """What wrote a file, and its rows; the file is closed when they are through.

    Args:
        path: the file, or `-` for standard input.
        format_: what wrote it; None to find that out from how it begins.

    Raises:
        Invalid: the file cannot be opened, is empty, or is a table without headings.
    """
    stream = open_file(path)
    start = _start(stream)
    is_json = start[:1] in (b"{", b"[")
    if format_ is HistoryFormat.CSV or (format_ is None and not is_json):
        return HistoryFormat.CSV, _table(stream)
    rows = _elements(stream) if start[:1] == b"[" else _lines(stream)
    if format_ is not None:
        return format_, rows
    first = list(_until_good(rows))
    said = first[-1].said if first else None
    return recognised(said or {}), chain(first, rows)


def _start(stream: BinaryIO) -> bytes:
    """How the file begins, without taking it; a byte-order mark and white space are passed over."""
    try:
        begins: bytes = stream.peek(4096)  # type: ignore[attr-defined]
    except _BROKEN as error:
        stream.close()
        raise Invalid("file", "is no whole gzip file", "copy it again") from error
    return begins.removeprefix(_BOM).lstrip()


def _until_good(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        if row.said is not None:
            return


def _lines(stream: BinaryIO) -> Iterator[Row]:
    with stream:
        number = 0
        while raw := _line(stream):
            number += 1
            if isinstance(raw, Invalid):
                yield Row(number=number, error=raw)
                if raw.field == "file":
                    return
            elif line := raw.removeprefix(_BOM).strip():
                row = _row(number, line)
                if not is_tombstone(row.said):
                    yield row


def _line(stream: BinaryIO) -> bytes | Invalid:
    """The next line, b"" at the end; one that is too long is passed over as a whole."""
    try:
        raw = stream.readline(MAX_LINE_BYTES + 1)
        if len(raw) <= MAX_LINE_BYTES:
            return raw
        while raw and not raw.endswith(b"\n"):
            raw = stream.readline(MAX_LINE_BYTES)
    except _BROKEN:
        return _broken_off()
    return Invalid("row", f"is longer than {MAX_LINE_BYTES} bytes", "leave the row out")


def _row(number: int, line: str | bytes) -> Row:
    try:
        return _said(number, loads(line))
    except Invalid as error:
        return Row(number=number, error=Invalid("row", error.problem, error.fix))


def _said(number: int, said: object) -> Row:
    if isinstance(said, dict):
        return Row(number=number, said=said)
    error = Invalid("row", "is no object", "send an object for each ticket")
    return Row(number=number, error=error)


def _elements(stream: BinaryIO) -> Iterator[Row]:
    """The elements of a JSON array, one after the other, with some of the text in memory.

    What follows an element that is no JSON cannot be told apart from it, so it ends the reading.
    """
    decoder, number = json.JSONDecoder(), 0
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape") as text:
        rest, at = _more(text, 0).lstrip().removeprefix("["), 0
        while True:
            at = _after(rest, at)
            try:
                said, at = decoder.raw_decode(rest, at)
            except (RecursionError, ValueError):
                if rest.startswith("]", at):
                    return
                added = "" if len(rest) - at > MAX_LINE_BYTES else _more(text, len(rest) - at)
                if not added:
                    yield Row(number=number + 1, error=_broken_array())
                    return
                rest, at = rest[at:] + added, 0
                continue
            number += 1
            yield _said(number, said)


def _after(text: str, at: int) -> int:
    """The place after white space and commas."""
    between = _BETWEEN_ELEMENTS.match(text, at)
    return at if between is None else between.end()


def _more(text: io.TextIOWrapper, there: int) -> str:
    """More of the text: as much as there is, so that a long element is not tried too often."""
    try:
        return text.read(max(_CHUNK_CHARS, there))
    except _BROKEN:
        return ""


def _table(stream: BinaryIO) -> Iterator[Row]:
    """Raises at once when there are no headings, and gives rows afterwards."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        heading = text.readline(MAX_LINE_BYTES)
    except _BROKEN as error:
        text.close()
        raise Invalid("file", "is no whole gzip file", "copy it again") from error
    delimiter = max(_DELIMITERS, key=heading.count)
    names = next(csv.reader([heading], delimiter=delimiter), [])
    if not any(name.strip() for name in names):
        text.close()
        raise Invalid("file", "is empty or has no headings", "name the columns in the first line")
    return _cells(text, [name.strip() for name in names], delimiter)


def _cells(text: io.TextIOWrapper, names: list[str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=delimiter)
    with text:
        while True:
            number = reader.line_num + 2
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(number=number, error=_bad_cell())
                continue
            except _BROKEN:
                yield Row(number=number, error=_broken_off())
                return
            if cells:
                yield _of_cells(number, cells, names)


def _of_cells(number: int, cells: list[str], names: list[str]) -> Row:
    if len(cells) != len(names):
        problem = f"has {len(cells)} cells for {len(names)} columns"
        error = Invalid("row", problem, "put cells with line ends or delimiters in quotes")
        return Row(number=number, error=error)
    if not all(map(_is_utf8, cells)):
        return Row(number=number, error=_not_utf8())
    return Row(number=number, said=dict(zip(names, cells, strict=True)))


def _is_utf8(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_utf8() -> Invalid:
    return Invalid("row", "is not UTF-8", "save the file as UTF-8")


def _bad_cell() -> Invalid:
    problem = f"has a cell longer than {csv.field_size_limit()} characters"
    return Invalid("row", problem, "look for a quote that is never closed")


def _broken_off() -> Invalid:
    fix = "copy the file again; the rows before were read"
    return Invalid("file", "breaks off in the middle of the gzip stream", fix)


def _broken_array() -> Invalid:
    fix = "mend the file there; the elements before were read"
    return Invalid("file", "is no JSON array from here on", fix)
