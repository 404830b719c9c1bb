import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.scoring import Thresholds
from core.errors import Invalid
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.labelled import labelled_file
from trainer.measure.answers import Answers
from trainer.measure.compare import compare, contrast
from trainer.measure.evaluate import evaluate

FIGURES = ("micro_f1", "macro_f1", "weighted_f1", "subset_accuracy")


def _answers(wrong: float, seed: int = 1) -> Answers:
    truth = (np.random.default_rng(0).random((300, 3)) < 0.4).astype(np.uint8)
    said = truth ^ (np.random.default_rng(seed).random(truth.shape) < wrong)
    return Answers.of(truth, said * 1.0, Thresholds.uniform(("a", "b", "c")))


def test_the_better_model_is_second_minus_first() -> None:
    found = contrast(_answers(0.3), _answers(0.05, seed=2))
    for name in FIGURES:
        gained = found.figures[name]
        ours, theirs = (getattr(side.metrics, name) for side in (found.second, found.first))
        assert gained.value == pytest.approx(ours - theirs)
        assert gained.low > 0
    assert list(found.per_label) == ["a", "b", "c"]
    of = found.second.label_f1["b"]
    assert of.low < found.second.metrics.per_label["b"].f1 < of.high


def test_a_model_equals_itself() -> None:
    found = contrast(_answers(0.2), _answers(0.2))
    assert {one.p_value for one in (*found.figures.values(), *found.per_label.values())} == {1.0}


def test_answers_to_other_rows_are_not_compared() -> None:
    one = _answers(0.1)
    with pytest.raises(Invalid, match="same rows"):
        contrast(one, replace(one, truth=1 - one.truth))
    with pytest.raises(Invalid, match="same rows"):
        contrast(one, one.only(("a", "b")))


def test_labels_that_only_one_model_knows_are_listed_and_left_out(tmp_path: Path) -> None:
    build_tiny_artifact(tmp_path / "old", labels=LABELS[:3])
    build_tiny_artifact(tmp_path / "new", labels=(*LABELS[1:], "zebra"), seed=1)
    file = labelled_file(tmp_path / "rows.jsonl", 40)
    found = compare(tmp_path / "old", tmp_path / "new", file, device="cpu")
    assert found["labels"] == list(LABELS[1:3])
    assert found["first"]["only_here"] == [LABELS[0]]
    assert found["second"]["only_here"] == [LABELS[3], "zebra"]
    assert set(found["per_label"]) == set(found["first"]["per_label"]) == set(LABELS[1:3])


def test_each_side_has_the_figures_that_evaluating_it_gives(tmp_path: Path) -> None:
    for number, name in enumerate(("old", "new")):
        build_tiny_artifact(tmp_path / name, seed=number)
    file = labelled_file(tmp_path / "rows.jsonl", 40)
    found = compare(tmp_path / "old", tmp_path / "new", file, device="cpu")
    for side, name in (("first", "old"), ("second", "new")):
        alone = evaluate(tmp_path / name, file, device="cpu")
        for figure in (*FIGURES, "ece", "intervals", "coverage"):
            assert found[side][figure] == alone[figure]
        files = (tmp_path / name).rglob("*")
        assert found[side]["bytes"] == sum(
            path.stat().st_size for path in files if path.name != "manifest.json"
        )
        assert found[side]["tickets_per_s"] > 0
    assert found["n"] == 40
    json.dumps(found)


def test_models_without_a_common_label_cannot_be_compared(tmp_path: Path) -> None:
    build_tiny_artifact(tmp_path / "old", labels=LABELS[:2])
    build_tiny_artifact(tmp_path / "new", labels=LABELS[2:])
    file = labelled_file(tmp_path / "rows.jsonl", 10)
    with pytest.raises(Invalid, match="share no label"):
        compare(tmp_path / "old", tmp_path / "new", file, device="cpu")
