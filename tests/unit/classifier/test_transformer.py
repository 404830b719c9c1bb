from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from classifier.artifacts import Artifact, publish
from classifier.transformer import PARTS, Network, load_network
from core.errors import ArtifactInvalid, Permanent, Transient
from tests.factories.artifacts import LABELS, WORDS, build_tiny_artifact, tiny_facts

TEXTS = ["where is my package", "refund please", "", "x" * 9000, "login broken " * 40]


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return build_tiny_artifact(tmp_path_factory.mktemp("artifacts") / "tiny")


@pytest.fixture(scope="module")
def network(artifact: Artifact) -> Network:
    return load_network(artifact, device="cpu", threads=1)


def republished(folder: Path, name: str, content: bytes) -> Artifact:
    """The artifact with another file, its manifest made anew."""
    (folder / name).write_bytes(content)
    return publish(folder, folder.with_name("changed"), tiny_facts(LABELS))


def test_it_knows_its_labels_and_versions(network: Network) -> None:
    assert network.labels == LABELS
    assert dict(network.thresholds) == dict.fromkeys(LABELS, 0.5)
    assert len(network.calibration_version) == 12
    assert network.device == "cpu"


def test_the_steps_are_what_predict_does(network: Network) -> None:
    stepwise = network.scores(network.logits(network.encode(TEXTS)))
    np.testing.assert_allclose(network.predict(TEXTS), stepwise, atol=1e-5)
    assert stepwise.dtype == np.float32
    assert stepwise.shape == (len(TEXTS), len(LABELS))


def test_features_of_a_text_are_the_same_alone_and_in_any_company(network: Network) -> None:
    together = network.features(TEXTS, chunk_tokens=40)
    assert together.shape == (len(TEXTS), 32)
    assert together.dtype == np.float32
    for text, row in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(network.features([text])[0], row, atol=1e-4)
    assert network.features([]).shape == (0, 32)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join), max_size=12),
    chunk_tokens=st.integers(1, 300),
)
def test_a_text_scores_the_same_alone_and_in_any_company(
    network: Network, texts: list[str], chunk_tokens: int
) -> None:
    together = network.predict(texts, chunk_tokens)
    assert together.shape == (len(texts), len(LABELS))
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(network.predict([text])[0], row, atol=1e-4)


def test_nothing_in_gives_nothing_out(network: Network) -> None:
    assert network.predict([]).shape == network.logits([]).shape == (0, len(LABELS))


def test_a_text_of_no_tokens_has_scores_too(network: Network) -> None:
    assert np.isfinite(network.logits([[], [2, 3]])).all()


def test_texts_differ_in_their_scores(network: Network) -> None:
    a, b = network.predict(["where is my package", "refund please"])
    assert np.abs(a - b).max() > 0.01


def test_warming_up_runs_the_network(network: Network) -> None:
    network.warm_up()


def test_bf16_gives_nearly_the_scores_of_fp32(artifact: Artifact, network: Network) -> None:
    rough = load_network(artifact, device="cpu", threads=1, precision="bf16")
    assert (rough.precision, network.precision) == ("bf16", "fp32")
    np.testing.assert_allclose(rough.predict(TEXTS), network.predict(TEXTS), atol=0.05)


def test_threads_are_set_for_the_process(artifact: Artifact) -> None:
    load_network(artifact, device="cpu", threads=1)
    assert torch.get_num_threads() == 1


def fail_with(error: Exception) -> Any:
    def forward(*_: object, **__: object) -> torch.Tensor:
        raise error

    return forward


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), Transient),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), Transient),
        (RuntimeError("CUDA error: device-side assert triggered"), Permanent),
        (IndexError("index out of range in self"), Permanent),
    ],
)
def test_errors_of_the_device_are_ours_by_kind(
    network: Network, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]
) -> None:
    monkeypatch.setattr(network._model, "forward", fail_with(error))
    with pytest.raises(kind) as raised:
        network.logits([[2, 3]])
    assert raised.value.__cause__ is error


def test_scores_that_are_not_numbers_are_never_handed_out(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network._model, "forward", lambda *_: torch.tensor([[float("nan")] * 4]))
    with pytest.raises(Permanent, match="not numbers"):
        network.logits([[2, 3]])


@pytest.mark.parametrize("name", PARTS)
def test_a_missing_part_is_named(tmp_path: Path, name: str) -> None:
    artifact = build_tiny_artifact(tmp_path / "artifact")
    (artifact.path / name).unlink()
    with pytest.raises(ArtifactInvalid, match=name):
        load_network(artifact, device="cpu", threads=1)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    folder = build_tiny_artifact(tmp_path / "artifact").path
    weights = load_file(folder / "model.safetensors")
    weights["head.bias"][0] = float("nan")
    save_file(weights, tmp_path / "poisoned.safetensors")
    content = (tmp_path / "poisoned.safetensors").read_bytes()
    artifact = republished(folder, "model.safetensors", content)
    with pytest.raises(ArtifactInvalid, match="not numbers"):
        load_network(artifact, device="cpu", threads=1)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    folder = build_tiny_artifact(tmp_path / "artifact").path
    other = build_tiny_artifact(tmp_path / "other", labels=("a", "b")).path
    artifact = republished(folder, "model.safetensors", (other / "model.safetensors").read_bytes())
    with pytest.raises(ArtifactInvalid, match="does not fit"):
        load_network(artifact, device="cpu", threads=1)


def test_weights_that_are_no_safetensors_are_refused(tmp_path: Path) -> None:
    folder = build_tiny_artifact(tmp_path / "artifact").path
    content = (2).to_bytes(8, "little") + b"[]"
    with pytest.raises(ArtifactInvalid, match="does not fit"):
        load_network(republished(folder, "model.safetensors", content), device="cpu", threads=1)


@pytest.mark.parametrize(
    "name", ["labels.json", "config.json", "calibration.json", "thresholds.json"]
)
def test_a_part_of_other_labels_is_refused(tmp_path: Path, name: str) -> None:
    folder = build_tiny_artifact(tmp_path / "artifact").path
    other = build_tiny_artifact(tmp_path / "other", labels=LABELS[::-1][:2]).path
    artifact = republished(folder, name, (other / name).read_bytes())
    with pytest.raises(ArtifactInvalid, match="labels"):
        load_network(artifact, device="cpu", threads=1)


def test_the_longest_input_is_the_manifests(tmp_path: Path) -> None:
    artifact = build_tiny_artifact(tmp_path / "artifact", max_length=16)
    network = load_network(artifact, device="cpu", threads=1)
    assert len(network.encode(["refund " * 100])[0]) == 16
    assert network.tokenizer.encode(["refund " * 100]).truncated == 1


def test_side_by_side_a_network_says_the_same(artifact: Artifact, network: Network) -> None:
    usual = torch.get_num_threads()
    try:
        many = load_network(artifact, device="cpu", threads=3)
        assert np.allclose(many.predict(TEXTS), network.predict(TEXTS), atol=1e-5)
        assert np.allclose(many.features(TEXTS), network.features(TEXTS), atol=1e-5)
    finally:
        torch.set_num_threads(usual)
