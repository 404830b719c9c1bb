import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.artifacts import open_artifact
from classifier.transformer import load_network
from core.errors import Invalid
from core.text import text_hash
from router.operating_points import read_curves
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_file, labelled_rows
from trainer.data.dataset import read_dataset
from trainer.job.request import TrainOutcome, TrainRequest
from trainer.measure.evaluate import evaluate
from trainer.run import train

_ROWS = 120
_KEYS = ("micro_f1", "macro_f1", "weighted_f1", "subset_accuracy", "ece")


def train_tiny(folder: Path, out: str, **changes: Any) -> TrainOutcome:
    """Trains on files and a random encoder that are made at the first call."""
    encoder = folder / "encoder"
    if not encoder.is_dir():
        build_tiny_encoder(encoder)
    data = folder / "data.jsonl"
    if not data.is_file():
        labelled_file(data, _ROWS)
    fields = {"data": data, "out": folder / out, "encoder": str(encoder), "max_length": 64}
    return train(TrainRequest(**{**fields, "device": "cpu", **changes}))


@pytest.mark.parametrize("preset", ["fast", "balanced"])
@pytest.mark.parametrize("with_val", [False, True])
def test_a_file_becomes_an_artifact_that_evaluates_to_its_own_figures(
    tmp_path: Path, preset: str, with_val: bool
) -> None:
    val = labelled_file(tmp_path / "val.jsonl", 60, seed=1)
    outcome = train_tiny(tmp_path, "out", preset=preset, val=val if with_val else None)
    artifact = open_artifact(tmp_path / "out")
    assert artifact.version == outcome.artifact.version
    artifact.verify(*artifact.manifest.files)
    assert artifact.labels == LABELS
    assert artifact.manifest.facts.preset == preset
    assert not outcome.cached
    assert not list(tmp_path.glob("*.partial"))
    assert tuple(read_curves(artifact).labels) == LABELS
    assert any(note.startswith("scores are calibrated by") for note in outcome.metrics["notes"])
    measured_on = val if with_val else _held_out_file(tmp_path)
    found = evaluate(tmp_path / "out", measured_on, device="cpu")
    assert {"per_label", "tickets_per_s", "linear", "n", *_KEYS} <= set(found)
    if not (preset == "balanced" and with_val):  # those are measured crosswise
        assert [found[key] for key in _KEYS] == pytest.approx(
            [outcome.metrics[key] for key in _KEYS], abs=1e-6
        )


def _held_out_file(folder: Path) -> Path:
    """The rows whose hashes the artifact lists."""
    listed = set(json.loads((folder / "out" / "held_out.json").read_bytes()))
    texts = read_dataset(folder / "data.jsonl").texts
    chosen = [
        row
        for row, text in zip(labelled_rows(_ROWS), texts, strict=True)
        if text_hash(text).hex() in listed
    ]
    assert 0 < len(chosen) < _ROWS / 2
    path = folder / "held_out.jsonl"
    path.write_text("\n".join(map(json.dumps, chosen)), encoding="utf-8")
    return path


def test_the_same_request_again_finds_the_artifact_and_another_is_refused(tmp_path: Path) -> None:
    first = train_tiny(tmp_path, "out")
    again = train_tiny(tmp_path, "out")
    assert (again.cached, again.artifact.version) == (True, first.artifact.version)
    with pytest.raises(Invalid, match="another request"):
        train_tiny(tmp_path, "out", seed=1)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(Invalid, match="something else"):
        train_tiny(tmp_path, "taken")


def test_equal_seeds_give_equal_artifacts(tmp_path: Path) -> None:
    one, same = train_tiny(tmp_path, "one"), train_tiny(tmp_path, "same")
    for name in ("model.safetensors", "calibration.json", "thresholds.json", "linear.safetensors"):
        assert one.artifact.manifest.files[name] == same.artifact.manifest.files[name]


def test_rare_labels_and_bad_lines_are_left_out_and_told(tmp_path: Path) -> None:
    rows: list[Any] = [*labelled_rows(_ROWS), {"id": "u", "subject": "a", "body": "b"}]
    rows[0]["labels"] = ["très rare"]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    outcome = train_tiny(tmp_path, "out")
    assert outcome.metrics["excluded_labels"] == {"très rare": 3}
    assert f"line {_ROWS + 1} left out" in " ".join(outcome.metrics["notes"])


_CHILD = """
import sys
from pathlib import Path
import tests.factories.formats
from tests.integration.test_training import train_tiny
train_tiny(Path(sys.argv[1]), "killed", preset="balanced")
"""


def test_a_balanced_training_killed_midway_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = train_tiny(tmp_path, "whole", preset="balanced")
    checkpoints = tmp_path / "killed.partial" / "checkpoints"
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)])
    _wait_until(lambda: list(checkpoints.glob("checkpoint-*/trainer_state.json")), child)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "killed").exists()
    resumed = train_tiny(tmp_path, "killed", preset="balanced")
    assert len(resumed.metrics["history"]) == len(whole.metrics["history"])
    for one, other in zip(resumed.metrics["history"], whole.metrics["history"], strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    networks = [load_network(run.artifact, device="cpu", threads=0) for run in (whole, resumed)]
    one, other = (network.predict(["refund please", "login broken"]) for network in networks)
    np.testing.assert_allclose(one, other, atol=1e-5)


def _wait_until(condition: Any, child: subprocess.Popen[bytes]) -> None:
    while not condition():
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
