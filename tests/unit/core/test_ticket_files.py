import gzip
import json
from pathlib import Path

import pytest

from core.errors import Invalid
from core.ticket_files import MAX_LINE_BYTES, read_tickets

GOOD = [json.dumps({"id": f"t-{n}", "subject": "s", "body": f"body {n} " * 40}) for n in range(300)]


def _write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_good_lines_around_bad_ones_are_read_and_bad_ones_named_by_number(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.jsonl", [GOOD[0], "{broken", "", GOOD[1], '{"id": "x"}', GOOD[2]])
    lines = list(read_tickets(path))
    assert [line.number for line in lines if line.error] == [2, 5]
    assert [line.ticket.id for line in lines if line.ticket] == ["t-0", "t-1", "t-2"]


def test_a_gzipped_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "tickets.data"
    path.write_bytes(gzip.compress("\n".join(GOOD).encode()))
    assert sum(1 for line in read_tickets(path) if line.ticket) == 300


def test_a_gzip_stream_that_breaks_off_gives_its_whole_lines_and_one_error(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(GOOD).encode())
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    lines = list(read_tickets(path))
    assert lines[-1].error is not None
    assert "gzip" in lines[-1].error.problem
    assert all(line.ticket for line in lines[:-1])


def test_a_line_of_many_megabytes_is_refused_and_its_neighbours_are_read(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.jsonl", [GOOD[0], "x" * (MAX_LINE_BYTES + 10), GOOD[1]])
    lines = list(read_tickets(path))
    assert [bool(line.ticket) for line in lines] == [True, False, True]


def test_a_body_of_ten_megabytes_is_refused_by_its_field(tmp_path: Path) -> None:
    huge = json.dumps({"id": "big", "subject": "s", "body": "x" * 10_000_000})
    lines = list(read_tickets(_write(tmp_path / "t.jsonl", [huge, GOOD[0]])))
    assert lines[0].error is not None
    assert lines[0].error.field == "body"
    assert lines[1].ticket is not None


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="missing"):
        list(read_tickets(tmp_path / "missing"))
