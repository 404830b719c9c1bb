import json
import pickle
import zipfile
from pathlib import Path

import pytest

from classifier.artifacts import REFUSED_SUFFIXES, open_artifact, publish
from classifier.manifest import MAX_MANIFEST_BYTES
from core.errors import ArtifactInvalid, Invalid
from tests.factories.artifacts import LABELS, build_tiny_artifact, tiny_facts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build_tiny_artifact(tmp_path / "artifact").path


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_an_artifact_knows_its_labels_and_version(folder: Path) -> None:
    artifact = open_artifact(folder)
    assert artifact.labels == LABELS
    assert len(artifact.version) == 12
    artifact.verify(*artifact.manifest.files)


def test_equal_artifacts_have_one_version_and_others_another(tmp_path: Path) -> None:
    first, same, other = (
        build_tiny_artifact(tmp_path / name, seed=seed).version
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first == same != other


def test_each_file_is_guarded_against_a_flipped_bit(folder: Path) -> None:
    artifact = open_artifact(folder)
    for name in artifact.manifest.files:
        flip_a_bit(folder / name)
        with pytest.raises(ArtifactInvalid, match="altered"):
            artifact.verify(name)


def test_a_truncated_file_is_altered(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ArtifactInvalid, match=r"model\.safetensors .* altered"):
        open_artifact(folder).verify("model.safetensors")


def test_a_missing_file_is_named_and_spares_the_others(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    artifact = open_artifact(folder)
    artifact.verify("linear.json", "linear.safetensors")
    with pytest.raises(ArtifactInvalid, match=r"model\.safetensors .*: No such file"):
        artifact.verify("model.safetensors")


def test_a_file_that_the_manifest_does_not_list_is_never_read(folder: Path) -> None:
    (folder / "extra.json").write_text("{}")
    artifact = open_artifact(folder)
    assert not artifact.has("extra.json")
    with pytest.raises(ArtifactInvalid, match="not in the manifest"):
        artifact.verify("extra.json")


def test_a_folder_without_manifest_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactInvalid, match="No such file"):
        open_artifact(tmp_path / "nothing")


def test_a_monstrous_manifest_is_not_parsed(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b" " * (MAX_MANIFEST_BYTES + 1))
    with pytest.raises(ArtifactInvalid, match="larger"):
        open_artifact(folder)


@pytest.mark.parametrize("suffix", sorted(REFUSED_SUFFIXES))
def test_files_that_can_run_code_are_refused_by_name(folder: Path, suffix: str) -> None:
    (folder / f"weights{suffix.upper()}").write_bytes(b"")
    with pytest.raises(ArtifactInvalid, match="can run code"):
        open_artifact(folder)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_refused_whatever_its_name(folder: Path, protocol: int) -> None:
    (folder / "metrics.json").write_bytes(pickle.dumps({}, protocol=protocol))
    with pytest.raises(ArtifactInvalid, match="pickle"):
        open_artifact(folder)


def test_a_zip_archive_as_torch_saves_it_is_refused(folder: Path) -> None:
    with zipfile.ZipFile(folder / "weights.json", "w") as archive:
        archive.writestr("data", "x")
    with pytest.raises(ArtifactInvalid, match="pickle"):
        open_artifact(folder)


def test_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("{}")
    (folder / "metrics.json").unlink()
    (folder / "metrics.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactInvalid, match="plain file"):
        open_artifact(folder)


def test_a_huge_safetensors_header_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "model.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{}")
    artifact = publish(staging, tmp_path / "artifact", tiny_facts(LABELS))
    with pytest.raises(ArtifactInvalid, match="header"):
        artifact.verify("model.safetensors")


def test_json_that_is_none_is_refused(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "thresholds.json").write_text("{")
    artifact = publish(staging, tmp_path / "artifact", tiny_facts(LABELS))
    with pytest.raises(ArtifactInvalid, match="not JSON"):
        artifact.read_json("thresholds.json")


def test_publishing_moves_the_staging_folder(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    (staging / "backends").mkdir(parents=True)
    (staging / "backends" / "x.json").write_text("[1]")
    artifact = publish(staging, tmp_path / "artifact", tiny_facts(LABELS))
    assert not staging.exists()
    assert artifact.read_json("backends/x.json") == [1]


def test_publishing_replaces_an_older_manifest(folder: Path, tmp_path: Path) -> None:
    (folder / "metrics.json").write_text("[2]")
    artifact = publish(folder, tmp_path / "again", tiny_facts(LABELS, seed=5))
    assert artifact.manifest.facts.seeds == (5,)
    assert artifact.read_json("metrics.json") == [2]


def test_a_published_artifact_is_never_overwritten(folder: Path, tmp_path: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    staging = tmp_path / "staging"
    staging.mkdir()
    with pytest.raises(Invalid, match="does not exist yet"):
        publish(staging, folder, tiny_facts(LABELS))
    assert (folder / "manifest.json").read_bytes() == before


def test_a_pickle_is_not_published(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "training_args.bin").write_bytes(b"")
    with pytest.raises(ArtifactInvalid, match="can run code"):
        publish(staging, tmp_path / "artifact", tiny_facts(LABELS))
    assert not (tmp_path / "artifact").exists()


def test_the_manifest_says_where_the_model_came_from(folder: Path) -> None:
    facts = json.loads((folder / "manifest.json").read_bytes())["facts"]
    assert facts["labels"] == list(LABELS)
    assert {"encoder", "dataset_hash", "seeds", "code_version", "max_length"} <= set(facts)
