import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from trainer.data.dataset import Dataset, Problem, census, describe_problems, read_dataset


def _row(**changes: Any) -> dict[str, Any]:
    return {"id": "1", "subject": "Parcel", "body": "is late", "labels": ["delivery"], **changes}


def _file(path: Path, *rows: Any) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _dataset(*labels: tuple[str, ...]) -> Dataset:
    return Dataset(texts=tuple(f"text {i}" for i in range(len(labels))), labels=labels)


def test_rows_become_texts_and_sorted_labels(tmp_path: Path) -> None:
    rows = _row(labels=["ü", "a", "a"]), _row(labels=[]), _row(split="train")
    found = read_dataset(_file(tmp_path / "t.jsonl", *rows))
    assert found.texts == ("Parcel\nis late",) * 3
    assert found.labels == (("a", "ü"), (), ("delivery",))
    assert found.problems == ()


def test_a_gzipped_file_is_read_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(_row()).encode()))
    assert len(read_dataset(path)) == 1


def test_bad_lines_are_named_and_their_neighbours_kept(tmp_path: Path) -> None:
    unlabelled = {key: value for key, value in _row().items() if key != "labels"}
    rows = _row(), "{", unlabelled, _row(subject=" ", body=""), _row(labels="delivery"), _row()
    found = read_dataset(_file(tmp_path / "t.jsonl", *rows))
    assert len(found) == 2
    assert [problem.line for problem in found.problems] == [2, 3, 4, 5]
    causes = [problem.cause for problem in found.problems]
    assert "JSON" in causes[0]
    assert [cause.partition(":")[0] for cause in causes[1:]] == ["labels", "body", "labels"]


def test_a_file_without_a_usable_line_is_refused_with_its_first_problem(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="line 1: ticket: is not JSON"):
        read_dataset(_file(tmp_path / "t.jsonl", "{"))
    with pytest.raises(Invalid, match="holds no labelled ticket"):
        read_dataset(_file(tmp_path / "empty.jsonl"))


def test_the_digest_follows_texts_and_labels_alone() -> None:
    one, same = _dataset(("a",), ()), _dataset(("a",), ())
    assert one.digest == same.digest
    assert one.digest != _dataset((), ("a",)).digest
    assert one.digest != Dataset(texts=one.texts[:1], labels=one.labels[:1]).digest


def test_positives_are_counted_in_different_texts() -> None:
    data = Dataset(texts=("x", "x", "y"), labels=(("a",), ("a",), ("a", "b")))
    assert data.positives() == {"a": 2, "b": 1}


def test_labels_with_few_tickets_are_left_out_and_say_how_many_more_they_need() -> None:
    found = census(_dataset(("a",), ("a", "b"), ("b",), ("c",)), minimum=2)
    assert found.kept == ("a", "b")
    assert found.excluded == {"c": 1}


def test_a_file_without_a_label_that_can_be_learned_is_refused() -> None:
    with pytest.raises(Invalid, match="none has enough tickets"):
        census(_dataset(("a",), ()))


def test_other_labels_are_dropped_and_rows_stay() -> None:
    assert _dataset(("a", "b"), ("b",)).only(["a"]).labels == (("a",), ())


def test_many_problems_are_summed_up() -> None:
    problems = [Problem(line=n, cause="is bad") for n in range(1, 9)]
    assert list(describe_problems(problems, shown=1)) == [
        "line 1 left out: is bad",
        "7 more lines left out",
    ]


def test_described_labels_count_as_labels_without_tickets() -> None:
    data = _dataset(("a",), ("a",))
    assert census(data, minimum=2, described=["b"]).excluded == {"b": 2}
    assert census(data, minimum=0, described=["b"]).kept == ("a", "b")
