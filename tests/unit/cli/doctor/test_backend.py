from pathlib import Path

import pytest

from classifier.backends import choice, known
from classifier.backends.choice import Preference, load_preferred
from cli.doctor import backend as said
from cli.doctor.backend import backend, chunks, measured_budget
from core.settings import Settings, load_settings
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.backends import NAME, carrying, plain_kind


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {NAME: plain_kind()}
    monkeypatch.setattr(known, "KINDS", kinds)
    monkeypatch.setattr(said, "KINDS", kinds)
    monkeypatch.setattr(said, "_MODULES", {"none": "json"})


def _settings(folder: Path, backend: str = "auto") -> Settings:
    return load_settings(state_dir=folder, device="cpu", device_threads=1, backend=backend)


def test_it_says_what_was_measured_and_what_follows(tmp_path: Path) -> None:
    artifact, settings = carrying(tmp_path / "model"), _settings(tmp_path)
    assert backend(settings, artifact, "cpu").detail.startswith("not measured yet")
    wanted = Preference(backend="auto", memory=tmp_path / "backends")
    load_preferred(artifact, device="cpu", threads=1, wanted=wanted)
    measured = choice.remembered(artifact, 1, tmp_path / "backends")
    assert measured is not None
    found = backend(settings, artifact, "cpu")
    assert found.ok
    assert found.detail.startswith(f"{measured.fastest}: texts/s torch ")


def test_it_says_when_the_model_carries_none(tmp_path: Path) -> None:
    bare = build_tiny_artifact(tmp_path / "model")
    assert backend(_settings(tmp_path), bare, "cpu").ok
    wanted = backend(_settings(tmp_path, NAME), bare, "cpu")
    assert (wanted.ok, "pointsman export" in wanted.fix) == (False, True)


def test_it_names_the_extra_of_a_library_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(said, "_MODULES", {"none": "no_such_module"})
    artifact = carrying(tmp_path / "model")
    found = backend(_settings(tmp_path), artifact, "cpu")
    assert (found.ok, found.fix) == (False, "install the extra `none`")
    assert backend(_settings(tmp_path, "torch"), artifact, "cpu").ok


def test_it_says_how_large_chunks_are_and_what_that_is_worth(tmp_path: Path) -> None:
    artifact, settings = carrying(tmp_path / "model"), _settings(tmp_path)
    assert chunks(settings, artifact, "cpu").detail.startswith("not measured yet")
    wanted = Preference(backend="auto", memory=tmp_path / "backends")
    network = load_preferred(artifact, device="cpu", threads=1, wanted=wanted)
    found = measured_budget(settings, artifact, "cpu")
    assert found is not None
    assert network.chunk_tokens == found.tokens
    assert chunks(settings, artifact, "cpu").detail.startswith(f"{found.tokens:,} tokens; ")
    told = load_settings(state_dir=tmp_path, chunk_tokens=640)
    assert chunks(told, artifact, "cpu").detail == "640 tokens, as POINTSMAN_CHUNK_TOKENS says"
