import json
from pathlib import Path

import pytest

from core.errors import Invalid
from trainer.drift.files import read_ticket_file


def _file(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def _row(number: int, **more: object) -> dict[str, object]:
    return {"id": f"t{number}", "subject": "s", "body": f"b{number}", **more}


def test_texts_and_truth_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [_row(0, labels=["a"]), _row(1, labels=["b", "unknown"]), _row(2, labels=[])]
    read = read_ticket_file(_file(tmp_path / "x.jsonl", *rows))
    assert read.texts == ["s\nb0", "s\nb1", "s\nb2"]
    truth = read.truth(("a", "b"))
    assert truth is not None
    assert truth.tolist() == [[1, 0], [0, 1], [0, 0]]


def test_a_file_in_which_one_ticket_lacks_labels_is_unlabelled(tmp_path: Path) -> None:
    read = read_ticket_file(_file(tmp_path / "x.jsonl", _row(0, labels=["a"]), _row(1)))
    assert read.labels is None
    assert read.truth(("a",)) is None


def test_bad_lines_are_counted_and_left_out(tmp_path: Path) -> None:
    read = read_ticket_file(_file(tmp_path / "x.jsonl", _row(0), {"id": 7}, _row(1)))
    assert (len(read.texts), read.refused_lines) == (2, 1)


def test_a_file_without_tickets_is_refused_with_the_first_cause(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="line 1: id"):
        read_ticket_file(_file(tmp_path / "x.jsonl", {"id": 7}))
    with pytest.raises(Invalid, match="holds no ticket"):
        read_ticket_file(_file(tmp_path / "empty.jsonl"))
    with pytest.raises(Invalid, match="readable"):
        read_ticket_file(tmp_path / "none.jsonl")
