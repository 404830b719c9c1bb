import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.artifacts import Artifact, open_artifact
from classifier.backends import known
from classifier.backends.known import carried
from classifier.backends.protocol import Backend, Kind
from classifier.transformer import load_network
from core.errors import ArtifactInvalid, Invalid, Permanent
from tests.factories.artifacts import LABELS, WORDS, build_tiny_artifact
from tests.factories.backends import NAME, plain_kind
from trainer.exporting.export import ExportRequest, export


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KINDS", {NAME: plain_kind()})


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    return build_tiny_artifact(tmp_path / "model")


def _data(folder: Path, model: Artifact) -> Path:
    """Tickets that the network is right about."""
    network = load_network(model, device="cpu", threads=1)
    texts = [f"{word} {other}" for word in WORDS[:8] for other in WORDS[8:14]]
    scores = network.predict([f"{text}\n{text}" for text in texts])
    file = folder / "val.jsonl"
    rows = [
        {
            "id": str(n),
            "subject": text,
            "body": text,
            "labels": [name for name, score in zip(LABELS, row, strict=True) if score >= 0.5],
        }
        for n, (text, row) in enumerate(zip(texts, scores, strict=True))
    ]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


def _request(model: Artifact, data: Path, **changes: object) -> ExportRequest:
    fields = {
        "model": model.path,
        "backend": NAME,
        "data": data,
        "told": True,
        "texts": None,
        "out": data.parent / "out",
        "threads": 1,
    }
    return ExportRequest(**{**fields, **changes})  # type: ignore[arg-type]


def _noise(size: float) -> Kind:
    def change(features: NDArray[np.float32]) -> NDArray[np.float32]:
        spread = np.random.default_rng(0).normal(scale=size, size=features.shape)
        return (features + spread).astype(np.float32)

    return plain_kind(change)


def test_the_copy_is_an_artifact_of_its_own_that_says_what_the_backend_costs(
    model: Artifact, tmp_path: Path
) -> None:
    exported = export(_request(model, _data(tmp_path, model)))
    made = open_artifact(tmp_path / "out")
    made.verify(*made.manifest.files)
    assert made.version == exported.artifact.version != model.version
    assert set(model.manifest.files) < set(made.manifest.files)
    assert carried(made) == [NAME]
    assert made.manifest.facts.training["exports"] == [{"of": model.version, "backend": NAME}]
    figures = made.read_json("metrics.json")["backends"][NAME]
    assert figures["micro_f1"] == figures["torch_micro_f1"] == 1
    assert figures["tickets_per_s"] > 0 < figures["torch_tickets_per_s"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "out", "val.jsonl"]


def test_a_second_backend_joins_the_first(
    model: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _data(tmp_path, model)
    first = export(_request(model, data)).artifact
    other = Kind(files=("other.graph",), extra="", load=_load, build=_build)
    monkeypatch.setattr(known, "KINDS", {**known.KINDS, "openvino-int8": other})
    request = _request(first, data, backend="openvino-int8", out=tmp_path / "both")
    both = export(request).artifact
    assert carried(both) == [NAME, "openvino-int8"]
    assert set(both.read_json("metrics.json")["backends"]) == {NAME, "openvino-int8"}


def _load(files: object, lanes: int) -> Backend:
    return plain_kind().load({"plain.graph": b"some graph"}, lanes)


def _build(model: object, token_ids: object, folder: Path) -> None:
    (folder / "other.graph").write_bytes(b"x")


@pytest.mark.parametrize("size", [0.5, 100.0], ids=["labels change", "golden texts change"])
def test_one_that_loses_too_much_leaves_nothing_behind(
    model: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: float
) -> None:
    data = _data(tmp_path, model)
    monkeypatch.setattr(known, "KINDS", {NAME: _noise(size)})
    with pytest.raises(Permanent):
        export(_request(model, data))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "val.jsonl"]


def test_without_labels_of_its_own_the_backend_is_held_against_torch(
    model: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = tmp_path / "strange.jsonl"
    rows = [json.loads(line) for line in _data(tmp_path, model).read_text().splitlines()]
    lines = [json.dumps({**row, "labels": ["something else"]}) for row in rows]
    strange.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(Invalid, match="no label of the model"):
        export(_request(model, strange))
    loss = export(_request(model, strange, told=False)).loss
    assert (loss.micro_f1, loss.same_labels, loss.told) == (1, 1, False)


def test_what_is_asked_must_make_sense(model: Artifact, tmp_path: Path) -> None:
    data = _data(tmp_path, model)
    with pytest.raises(Invalid, match="--backend"):
        export(_request(model, data, backend="abacus"))
    with pytest.raises(Invalid, match="--out"):
        export(_request(model, data, out=model.path))
    (model.path / "config.json").write_text("{}")
    with pytest.raises(ArtifactInvalid):
        export(_request(model, data))
