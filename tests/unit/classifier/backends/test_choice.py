from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.artifacts import Artifact, open_artifact
from classifier.backends import choice, known
from classifier.backends.choice import Preference, load_preferred, remembered
from classifier.backends.known import carried
from classifier.backends.protocol import FOLDER, Backend
from classifier.measurements import keep
from classifier.transformer import Network
from core.errors import Permanent
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.backends import FILE, NAME, carrying, plain_kind

_TEXTS = ["refund please", "where is my package", "login", "a b c " * 100]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KINDS", {NAME: plain_kind()})


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    return carrying(tmp_path / "artifact")


def _load(artifact: Artifact, backend: str = NAME, memory: Path | None = None) -> Network:
    wanted = Preference(backend=backend, memory=memory, chunk_tokens=1024)
    return load_preferred(artifact, device="cpu", threads=1, wanted=wanted)


def _serves(network: Network, artifact: Artifact) -> str:
    """What computes, after a look at whether that changes anything."""
    plain = _load(artifact, "torch")
    assert network.predict(_TEXTS) == pytest.approx(plain.predict(_TEXTS), abs=1e-4)
    assert network.features(_TEXTS) == pytest.approx(plain.features(_TEXTS), abs=1e-4)
    return "torch" if network.precision == "fp32" else NAME


def test_the_backend_that_is_named_computes(artifact: Artifact) -> None:
    assert _serves(_load(artifact), artifact) == NAME


def test_a_model_that_carries_none_is_computed_by_torch_without_a_measurement(
    tmp_path: Path,
) -> None:
    bare = build_tiny_artifact(tmp_path / "bare")
    for wanted in (NAME, "auto"):
        assert _serves(_load(bare, wanted, tmp_path / "memory"), bare) == "torch"
    assert not (tmp_path / "memory").exists()


def test_an_altered_file_is_not_parsed_and_torch_computes(
    artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    (artifact.path / FOLDER / FILE).write_bytes(b"some grape")

    def load(files: Mapping[str, bytes], lanes: int) -> Backend:
        raise AssertionError("parsed")

    monkeypatch.setattr(known, "KINDS", {NAME: replace(plain_kind(), load=load)})
    for wanted in (NAME, "auto"):
        assert _serves(_load(open_artifact(artifact.path), wanted), artifact) == "torch"


def test_without_its_library_torch_computes(
    artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(files: Mapping[str, bytes], lanes: int) -> Backend:
        raise Permanent("the library is not installed")

    monkeypatch.setattr(known, "KINDS", {NAME: replace(plain_kind(), load=load)})
    memory = artifact.path.parent / "memory"
    for wanted in (NAME, "auto"):
        assert _serves(_load(artifact, wanted, memory), artifact) == "torch"
    assert remembered(artifact, 1, memory) is None


def test_a_backend_that_makes_something_else_of_the_golden_texts_does_not_serve(
    artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "KINDS", {NAME: plain_kind(lambda found: found + 100)})
    for wanted in (NAME, "auto"):
        assert _serves(_load(artifact, wanted), artifact) == "torch"


def test_a_backend_that_breaks_while_it_serves_hands_over_to_torch_in_the_same_chunk(
    artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[bool] = []

    def change(features: NDArray[np.float32]) -> NDArray[np.float32]:
        if broken:
            raise Permanent("the library failed")
        return features

    monkeypatch.setattr(known, "KINDS", {NAME: plain_kind(change)})
    network = _load(artifact)
    assert network.precision == "int8"
    broken.append(True)
    assert _serves(network, artifact) == "torch"


def test_what_was_measured_decides_and_is_measured_once(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    _load(artifact, "auto", memory)
    measured = remembered(artifact, 1, memory)
    assert measured is not None
    assert set(measured.texts_per_s) == {"torch", NAME}
    monkeypatch.delattr(choice, "_measure")
    for faster in ("torch", NAME):
        rates = {"torch": 10.0, NAME: 10.0} | {faster: 20.0}
        keep(choice._file(artifact, 1, memory), replace(measured, texts_per_s=rates))
        assert _serves(_load(artifact, "auto", memory), artifact) == faster


def test_a_measurement_of_other_threads_or_another_version_does_not_count(
    artifact: Artifact, tmp_path: Path
) -> None:
    memory = tmp_path / "memory"
    _load(artifact, "auto", memory)
    assert remembered(artifact, 2, memory) is None
    assert remembered(replace(artifact, version="another"), 1, memory) is None


def test_a_torn_measurement_is_made_again(artifact: Artifact, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    _load(artifact, "auto", memory)
    (file,) = memory.iterdir()
    file.write_text("{", encoding="utf-8")
    _load(artifact, "auto", memory)
    assert remembered(artifact, 1, memory) is not None


def test_an_artifact_carries_what_its_manifest_lists(artifact: Artifact, tmp_path: Path) -> None:
    assert carried(artifact) == [NAME]
    assert carried(build_tiny_artifact(tmp_path / "bare")) == []
