import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.main import main
from cli.training import predicting
from cli.training.predicting import load_model, prediction, predictions
from core.errors import Invalid
from core.settings import Settings
from core.text import model_text
from tests.factories.artifacts import LABELS, build_tiny_artifact

_scores = st.dictionaries(st.sampled_from("abcdef"), st.floats(min_value=0, max_value=1))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_artifact(tmp_path_factory.mktemp("artifacts") / "model").path


def _rows(count: int) -> list[dict[str, str]]:
    return [{"id": str(n), "subject": f"refund {n}", "body": "late " * n} for n in range(count)]


def _file(folder: Path, lines: list[str]) -> Path:
    path = folder / "tickets.jsonl"
    path.write_text("\n".join(lines))
    return path


@given(_scores)
def test_labels_are_those_that_reached_their_threshold_best_first(
    scores: dict[str, float],
) -> None:
    labels = prediction("1", scores, dict.fromkeys(scores, 0.5))["labels"]
    assert set(labels) == {label for label, score in scores.items() if score >= 0.5}
    assert [scores[label] for label in labels] == sorted((scores[x] for x in labels), reverse=True)


def test_predictions_come_in_the_order_of_the_file_whatever_the_batches(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicting, "BATCH", 4)
    network = load_model(model, Settings(device="cpu"))
    rows = _rows(11)
    file = _file(tmp_path, [json.dumps({**row, "extra": 1}) for row in rows])
    found = list(predictions(network, file, report=_unexpected))
    assert [line["id"] for line in found] == [row["id"] for row in rows]
    whole = network.predict([model_text(row["subject"], row["body"]) for row in rows])
    one_by_one = np.array([[line["scores"][label] for label in LABELS] for line in found])
    np.testing.assert_allclose(one_by_one, whole, atol=1e-4)


def _unexpected(number: int, error: Invalid) -> None:
    raise AssertionError(number)


def test_a_bad_line_is_named_and_its_neighbours_are_predicted(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [json.dumps(row) for row in _rows(2)]
    file = _file(tmp_path, [good[0], "{broken", good[1]])
    assert main(["predict", "--model", str(model), str(file)]) == 1
    out, err = capsys.readouterr()
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["0", "1"]
    assert f"{file}:2: ticket: is not JSON" in err


def test_what_is_no_artifact_is_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "--model", str(tmp_path), str(tmp_path / "none")]) == 1
    assert "pointsman train" in capsys.readouterr().err
