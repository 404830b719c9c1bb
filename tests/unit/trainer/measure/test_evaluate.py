import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.scoring import Calibration, Thresholds
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.labelled import labelled_file, labelled_rows
from trainer.data.dataset import read_dataset
from trainer.measure.answers import (
    Answers,
    by_label_group,
    by_language,
    confusion,
    correlation,
    languages_of,
)
from trainer.measure.evaluate import evaluate
from trainer.measure.metrics import Marks
from trainer.operating.held_out import HeldOut, OperatingPoint, crosswise


def _answers(truth: list[list[int]], predicted: list[list[int]], *labels: str) -> Answers:
    marks = np.array(predicted, dtype=np.uint8)
    return Answers.of(np.array(truth, dtype=np.uint8), marks * 1.0, Thresholds.uniform(labels))


def test_coverage_is_the_share_of_tickets_with_a_label() -> None:
    assert _answers([[0, 0]] * 4, [[0, 0], [1, 0], [1, 1], [0, 1]], "a", "b").coverage == 0.75


def test_each_language_is_measured_on_its_own_tickets() -> None:
    truth = [[1, 0], [1, 0], [0, 1]]
    answers = _answers(truth, [[1, 0], [1, 0], [1, 0]], "a", "b")
    found = by_language(answers, ["de", "de", ""])
    assert list(found) == ["de", "not told"]
    assert (found["de"].tickets, found["de"].labels, found["de"].macro_f1) == (2, 1, 1.0)
    assert (found["not told"].subset_accuracy, found["not told"].labels) == (0.0, 2)


def test_labels_are_grouped_by_what_stands_before_the_colon() -> None:
    labels = ("os:linux", "os:mac", "plain", "topic:tabs")
    answers = _answers([[1, 0, 1, 0], [0, 1, 0, 0]], [[1, 0, 1, 1], [0, 0, 0, 0]], *labels)
    found = by_label_group(answers)
    assert list(found) == ["os", "topic"]
    assert (found["os"].tickets, found["os"].labels) == (2, 2)
    assert found["os"].micro_f1 == pytest.approx(2 / 3)
    assert (found["topic"].tickets, found["topic"].coverage) == (0, 0.5)


def test_labels_without_kinds_have_no_groups() -> None:
    assert by_label_group(_answers([[1, 0]], [[1, 0]], "a", "b")) == {}


@given(st.permutations(["a", "b", "c"]))
def test_labels_can_be_taken_in_any_order(names: list[str]) -> None:
    answers = _answers([[1, 0, 0], [0, 1, 0]], [[1, 0, 1], [0, 0, 0]], "a", "b", "c")
    taken = answers.only(names)
    assert taken.labels == tuple(names)
    whole = answers.measure().per_label
    assert taken.measure().per_label == {name: whole[name] for name in names}


def test_confusion_counts_what_was_said_instead_of_what_was_missed() -> None:
    truth = [[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]]
    said = [[0, 1, 0], [0, 1, 1], [1, 0, 1], [0, 1, 0]]
    tickets, share = confusion(_answers(truth, said, "a", "b", "c"))
    assert tickets.tolist() == [[0, 2, 1], [0, 0, 0], [0, 0, 0]]
    assert share[0].tolist() == [0, 1, 0.5]


def test_correlation_is_that_of_numpy_and_zero_for_a_label_that_never_varies() -> None:
    truth: Marks = (np.random.default_rng(0).random((50, 3)) < 0.4).astype(np.uint8)
    assert correlation(truth) == pytest.approx(np.corrcoef(truth.T))
    truth[:, 1] = 1
    found = correlation(truth)
    assert not found[1].any()
    assert found[0, 0] == pytest.approx(1)


def test_crosswise_answers_are_not_those_of_the_point_chosen_on_the_same_rows() -> None:
    chance = np.random.default_rng(0)
    held_out = HeldOut(
        texts=[f"text {row}" for row in range(80)],
        labels=("a", "b"),
        logits=chance.normal(size=(80, 2)),
        truth=chance.integers(0, 2, (80, 2)).astype(np.uint8),
    )
    point = OperatingPoint(
        calibration=Calibration.identity(("a", "b")), thresholds=Thresholds.uniform(("a", "b"), 0.9)
    )
    found = crosswise(held_out, point, seed=0)
    assert found.thresholds == point.thresholds
    assert (found.predicted != point.thresholds.predicted(found.scores)).any()
    assert found.scores.min() > 0


def test_languages_come_from_the_file_where_it_tells_them(tmp_path: Path) -> None:
    rows = labelled_rows(10)
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert languages_of(read_dataset(file).tickets) == ()
    for row in rows[:5]:
        row["language"] = "de"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert languages_of(read_dataset(file).tickets) == ("de",) * 5 + ("",) * 5


def test_an_artifact_is_measured_on_a_file(tmp_path: Path) -> None:
    build_tiny_artifact(tmp_path / "model")
    rows: list[dict[str, object]] = [*labelled_rows(40), {"id": "x", "body": "b"}]
    rows[0] |= {"labels": ["unheard of"], "language": "fr"}
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = evaluate(tmp_path / "model", file, device="cpu")
    assert (found["n"], found["refused_lines"]) == (40, 1)
    assert found["unknown_labels"] == ["unheard of"]
    of = found["intervals"]["macro_f1"]
    assert of["low"] <= found["macro_f1"] == of["value"] <= of["high"]
    assert found["by_language"]["fr"]["tickets"] == 1
    assert set(found["per_label"]) == set(LABELS)
    assert 0 < found["coverage"] <= 1
    json.dumps(found)


def test_equal_artifacts_are_worth_the_same(tmp_path: Path) -> None:
    file = labelled_file(tmp_path / "rows.jsonl", 30)
    build_tiny_artifact(tmp_path / "one", seed=3)
    first, again = (evaluate(tmp_path / "one", file, device="cpu") for _ in range(2))
    timeless = [{**found, "tickets_per_s": 0} for found in (first, again)]
    assert timeless[0] == timeless[1]
