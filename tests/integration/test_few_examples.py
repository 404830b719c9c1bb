"""Trainings with labels that have next to no tickets, on a tiny random encoder."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from classifier.artifacts import open_artifact
from classifier.linear import LinearModel
from classifier.transformer import load_network
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_rows
from trainer.job.request import TrainOutcome, TrainRequest
from trainer.run import train

_RARE = {"subject": "", "body": "twice twice reset", "labels": ["rare"]}


def _train(folder: Path, rows: Sequence[object], **changes: object) -> TrainOutcome:
    data, encoder = folder / "data.jsonl", folder / "encoder"
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    request = TrainRequest(
        data=data,
        out=folder / "out",
        encoder=str(encoder if encoder.is_dir() else build_tiny_encoder(encoder)),
        device="cpu",
        **changes,  # type: ignore[arg-type]
    )
    return train(request)


@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_described_labels_are_served_before_they_can_be_learned(
    tmp_path: Path, preset: str
) -> None:
    rows = [*labelled_rows(120), _RARE | {"id": "r"}, _RARE | {"id": "s", "labels": ["untold"]}]
    descriptions = {"rare": "twice reset", "unheard": "package late"}
    outcome = _train(tmp_path, rows, preset=preset, descriptions=descriptions)
    artifact = outcome.artifact
    assert artifact.labels == (*LABELS, "rare", "unheard")
    assert set(outcome.metrics["per_label"]) == set(LABELS), "figures are of what was learned"
    assert outcome.metrics["excluded_labels"] == {"untold": 3}
    assert any("'rare' is served" in note for note in outcome.metrics["notes"])
    network = load_network(artifact, device="cpu", threads=1)
    rare = network.labels.index("rare")
    own = network.predict(["twice twice reset"])[0, rare]
    others = network.predict([f"{row['subject']} {row['body']}" for row in labelled_rows(60, 7)])
    assert preset != "fast" or own > others[:, rare].mean(), "random layers were trained on"
    assert LinearModel.load(artifact).labels == artifact.labels


def test_a_cold_start_leaves_no_label_out(tmp_path: Path) -> None:
    rows = [*labelled_rows(24), _RARE | {"id": "r"}]
    outcome = _train(
        tmp_path, rows, preset="cold_start", descriptions={"unheard": "package is late"}
    )
    assert outcome.artifact.labels == tuple(sorted([*LABELS, "rare", "unheard"]))
    assert outcome.metrics["excluded_labels"] == {}
    facts = open_artifact(outcome.artifact.path).manifest.facts
    assert facts.training["described_labels"] == 1
    network = load_network(outcome.artifact, device="cpu", threads=1)
    unheard = network.predict(["package is late", "card invoice"])[
        :, network.labels.index("unheard")
    ]
    assert unheard[0] > unheard[1]


def test_other_descriptions_are_another_request(tmp_path: Path) -> None:
    first = _train(tmp_path, labelled_rows(24), preset="cold_start", descriptions={"x": "late"})
    (tmp_path / "out").rename(tmp_path / "first")
    second = _train(tmp_path, labelled_rows(24), preset="cold_start", descriptions={"x": "early"})
    assert not second.cached
    assert first.artifact.version != second.artifact.version
