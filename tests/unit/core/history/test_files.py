import gzip
import json
from pathlib import Path

import pytest

from core.errors import Invalid
from core.history.files import Row, read_export
from core.types import HistoryFormat


def _read(path: Path, content: bytes) -> list[Row]:
    path.write_bytes(content)
    return list(read_export(path)[1])


def test_a_bad_row_of_a_table_does_not_harm_its_neighbours(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbfid,body\n1,"two\nlines"\n2\n\n3,na\xefve\n4,ok\n'
    rows = _read(tmp_path / "t.csv", content)
    assert [(row.number, row.said) for row in rows if row.said] == [
        (2, {"id": "1", "body": "two\nlines"}),
        (7, {"id": "4", "body": "ok"}),
    ]
    assert [(r.number, r.error.problem) for r in rows if r.error] == [
        (4, "has 1 cells for 2 columns"),
        (6, "is not UTF-8"),
    ]


def test_a_quote_that_is_never_closed_ends_as_an_error(tmp_path: Path) -> None:
    rows = _read(tmp_path / "t.csv", b'id,body\n1,a\n2,"' + b"x\n" * 200_000)
    assert rows[0].said == {"id": "1", "body": "a"}
    assert rows[1].error is not None
    assert "longer than" in rows[1].error.problem


def test_a_long_array_is_read_element_by_element(tmp_path: Path) -> None:
    said = [{"id": n, "body": "x" * 1_000 * (n % 7)} for n in range(2_000)]
    content = json.dumps(said, indent=1).encode()
    assert [row.said for row in _read(tmp_path / "a.json", content)] == said
    half = _read(tmp_path / "a.json", content[: len(content) // 2])
    assert [row.said for row in half[:-1]] == said[: len(half) - 1]
    assert half[-1].error is not None
    assert half[-1].number == len(half)


@pytest.mark.parametrize("kind", ["lines", "array", "table"])
def test_a_gzip_stream_that_breaks_off_gives_what_came_before(tmp_path: Path, kind: str) -> None:
    rows = [{"id": str(n), "body": f"{n * 7919 % 10_007} " * 50} for n in range(3_000)]
    content = {
        "lines": "".join(f"{json.dumps(row)}\n" for row in rows),
        "array": json.dumps(rows),
        "table": "id,body\n" + "".join(f"{row['id']},{row['body']}\n" for row in rows),
    }[kind]
    whole = gzip.compress(content.encode())
    read = _read(tmp_path / "t.gz", whole[: len(whole) // 2])
    assert 0 < len(read) < 3_000
    assert [row.said for row in read[:-1]] == rows[: len(read) - 1]
    assert read[-1].error is not None


def test_a_file_of_erased_and_blank_lines_has_no_rows(tmp_path: Path) -> None:
    assert _read(tmp_path / "t.jsonl", b'{"erased": true}\n\n  \n') == []


@pytest.mark.parametrize("at", [3, 12])
def test_what_only_begins_like_gzip_is_refused(tmp_path: Path, at: int) -> None:
    (tmp_path / "t.gz").write_bytes(gzip.compress(b"id,body\n1,a\n")[:at] + b"\xff" * 9)
    with pytest.raises(Invalid, match="gzip"):
        read_export(tmp_path / "t.gz")


@pytest.mark.parametrize("content", [b"", b"\n", b" , \n1,2\n"])
def test_a_table_needs_headings(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Invalid, match="headings"):
        _read(tmp_path / "t.csv", content)


def test_a_format_that_was_named_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b'{"id": 1, "title": "t", "group": "g"}\n')
    for named, found in ((None, HistoryFormat.ZAMMAD), (HistoryFormat.JSONL, HistoryFormat.JSONL)):
        format_, rows = read_export(path, named)
        assert (format_, len(list(rows))) == (found, 1)
