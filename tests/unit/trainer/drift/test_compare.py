import json
from pathlib import Path

import numpy as np
import pytest

from classifier.artifacts import open_artifact
from classifier.linear import LinearModel
from core.errors import ArtifactInvalid
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.labelled import labelled_file
from trainer.data.dataset import read_dataset
from trainer.drift.compare import Comparison, DriftRequest, compare
from trainer.drift.limits import Limits


@pytest.fixture
def request_(tmp_path: Path) -> DriftRequest:
    build_tiny_artifact(tmp_path / "model")
    return DriftRequest(
        model=tmp_path / "model",
        reference=labelled_file(tmp_path / "before.jsonl", 80, seed=1),
        current=labelled_file(tmp_path / "now.jsonl", 60, seed=2),
        device="cpu",
        limits=Limits(min_tickets=40),
    )


def _compared(request: DriftRequest) -> tuple[Comparison, list[str]]:
    said: list[str] = []
    return compare(request, said.append), said


def _by(request: DriftRequest, *, fast: bool) -> DriftRequest:
    return DriftRequest(
        model=request.model,
        reference=request.reference,
        current=request.current,
        device=request.device,
        limits=request.limits,
        fast=fast,
    )


def test_the_linear_model_scores_where_it_should_be_fast(request_: DriftRequest) -> None:
    found, said = _compared(_by(request_, fast=True))
    model = LinearModel.load(open_artifact(request_.model))
    expected = model.predict(read_dataset(request_.current).texts)
    assert np.array_equal(found.current.window.scores, expected)
    assert said[0] == "Scoring 80 tickets of before.jsonl by the linear model"


def test_the_network_scores_otherwise(request_: DriftRequest) -> None:
    found, said = _compared(request_)
    fast, _ = _compared(_by(request_, fast=True))
    assert found.scored_by == "network"
    assert "by the network" in said[0]
    assert not np.array_equal(found.current.window.scores, fast.current.window.scores)


def test_the_answer_is_json_with_expected_and_measured_quality(request_: DriftRequest) -> None:
    found, _ = _compared(_by(request_, fast=True))
    read = json.loads(json.dumps(found.as_object(), allow_nan=False))
    assert read["drifted"] is False
    assert (read["reference"]["n"], read["current"]["n"]) == (80, 60)
    assert 0 <= read["current"]["expected"]["micro"]["f1"]["value"] <= 1
    assert found.current.measured is not None
    assert read["current"]["measured"]["micro_f1"] == found.current.measured.micro_f1
    assert len(read["findings"]) == len(found.findings)


def test_files_that_are_too_small_are_compared_to_nothing(request_: DriftRequest) -> None:
    small = DriftRequest(
        model=request_.model, reference=request_.reference, current=request_.current, fast=True
    )
    found, _ = _compared(small)
    assert found.as_object()["severity"] == "too_few"
    assert found.as_object()["drifted"] is False


def test_a_folder_that_is_no_artifact_is_refused(request_: DriftRequest, tmp_path: Path) -> None:
    wrong = DriftRequest(
        model=tmp_path, reference=request_.reference, current=request_.current, fast=True
    )
    with pytest.raises(ArtifactInvalid):
        _compared(wrong)
