"""Artifacts that were tampered with, or that their trainer got wrong, by the way workers load them.

Each becomes the active version while another one serves; that one must serve on, also in a process
that the refused files cannot reach any more.
"""

import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from safetensors.numpy import load_file, save_file
from sqlalchemy import Engine

from classifier.artifacts import Artifact, open_artifact, publish
from classifier.golden import GOLDEN
from classifier.signing import SIGNATURE, Keyring, sign, use_keys
from core.errors import ArtifactInvalid
from core.types import Rung
from tests.factories.artifacts import LABELS, build_tiny_artifact, build_tiny_linear
from tests.factories.models import install
from worker.host import Host

_KEY = Ed25519PrivateKey.generate()
Damage = Callable[[Path], object]


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    """The trainer and the workers of these tests know each other's key."""
    use_keys(Keyring(signs=_KEY, trusts=(_KEY.public_key(),)))
    yield
    use_keys(Keyring())


@pytest.fixture
def serving(engine: Engine, tmp_path: Path) -> Host:
    """A worker's host with a sound model in service."""
    install(engine, build_tiny_artifact(tmp_path / "sound"))
    host = Host(engine, device="cpu", threads=1)
    host.refresh()
    assert host.serving.scorer.rung is Rung.MODEL
    return host


def _edited(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def _flipped(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]


def _flip_all_but_the_manifest(folder: Path) -> None:
    for path in folder.glob("*.json"):
        if path.name != "manifest.json":
            _edited(path, _flipped)


def _swap(folder: Path) -> None:
    first, second = folder / "model.safetensors", folder / "linear.safetensors"
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)


def _link_out(folder: Path) -> None:
    outside = folder.parent / "outside.json"
    shutil.move(folder / "calibration.json", outside)
    (folder / "calibration.json").symlink_to(outside)


def _sign_by_a_stranger(folder: Path) -> None:
    manifest = (folder / "manifest.json").read_bytes()
    sign(folder, manifest, Ed25519PrivateKey.generate())


def _with_config(folder: Path, **fields: object) -> None:
    config = json.loads((folder / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps(config | fields))


TAMPERED: dict[str, Damage] = {
    "truncated": lambda f: _edited(f / "model.safetensors", lambda raw: raw[:-1]),
    "flipped weights": lambda f: _edited(f / "model.safetensors", _flipped),
    "flipped descriptions": _flip_all_but_the_manifest,
    "flipped manifest": lambda f: _edited(f / "manifest.json", _flipped),
    "flipped signature": lambda f: _edited(f / SIGNATURE, _flipped),
    "files swapped": _swap,
    "a file missing": lambda f: (f / "tokenizer.json").unlink(),
    "labels turned round": lambda f: (f / "labels.json").write_text(json.dumps(LABELS[::-1])),
    "auto_map": lambda f: _with_config(f, auto_map={"AutoModel": "code.M"}),
    "a header of a terabyte": lambda f: _edited(
        f / "model.safetensors", lambda raw: (2**40).to_bytes(8, "little") + raw[8:]
    ),
    "a pickle by name": lambda f: (f / "extra.pt").write_bytes(b""),
    "weights as torch saves them": lambda f: (f / "pytorch_model.bin").write_bytes(b"PK\x03\x04"),
    "a pickle by content": lambda f: (f / "notes.txt").write_bytes(pickle.dumps({}, protocol=4)),
    "a link out of the folder": _link_out,
    "unsigned": lambda f: (f / SIGNATURE).unlink(),
    "signed by a stranger": _sign_by_a_stranger,
}


@pytest.mark.parametrize("damage", TAMPERED)
def test_a_tampered_artifact_is_refused_while_the_old_model_serves(
    engine: Engine, serving: Host, tmp_path: Path, damage: str
) -> None:
    old = serving.serving.scorer.versions.model
    new = build_tiny_artifact(tmp_path / "new", seed=1)
    install(engine, new)
    sound = shutil.copytree(new.path, tmp_path / "copy")
    TAMPERED[damage](new.path)

    serving.refresh()
    assert serving.serving.scorer.versions.model == old
    assert serving.serving.scorer.rung is Rung.MODEL
    beginner = Host(engine, device="cpu", threads=1)
    beginner.refresh()
    assert beginner.serving.scorer.rung is not Rung.MODEL

    shutil.rmtree(new.path)
    sound.rename(new.path)
    serving.refresh()
    assert serving.serving.scorer.versions.model == new.version


def _nan_weights(staging: Path) -> None:
    weights = load_file(staging / "model.safetensors")
    weights["head.bias"] = np.full_like(weights["head.bias"], np.nan)
    save_file(weights, staging / "model.safetensors")


def _other_weights(staging: Path) -> None:
    weights = load_file(staging / "model.safetensors")
    weights["head.bias"] = weights["head.bias"] + np.float32(0.5)
    save_file(weights, staging / "model.safetensors")


def _no_numbers(staging: Path) -> None:
    golden = json.loads((staging / GOLDEN).read_bytes())
    golden["logits"][0][0] = None
    (staging / GOLDEN).write_text(json.dumps(golden))


SIGNED_AND_WRONG: dict[str, tuple[Damage, str]] = {
    "weights that are not numbers": (_nan_weights, "not numbers"),
    "weights of another training": (_other_weights, "golden texts otherwise"),
    "labels in another order": (
        lambda f: (f / "labels.json").write_text(json.dumps(LABELS[::-1])),
        "different labels",
    ),
    "configuration that names code": (
        lambda f: _with_config(f, auto_map={"AutoModel": "code.M"}),
        "auto_map",
    ),
    "a monstrous header": (
        lambda f: (f / "model.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{}"),
        "header",
    ),
    "a golden batch without numbers": (_no_numbers, "golden"),
}


@pytest.mark.parametrize("what", SIGNED_AND_WRONG)
def test_what_a_trainer_signed_and_got_wrong_is_refused_while_the_old_model_serves(
    engine: Engine,
    serving: Host,
    tmp_path: Path,
    what: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    old = serving.serving.scorer.versions.model
    spoil, cause = SIGNED_AND_WRONG[what]
    install(engine, build_tiny_artifact(tmp_path / "new", seed=1, also=spoil))
    serving.refresh()
    assert (serving.serving.scorer.versions.model, serving.serving.scorer.rung) == (old, Rung.MODEL)
    assert cause in capsys.readouterr().out + caplog.text, "by its own or by the process' logging"


def test_without_a_model_to_serve_the_old_one_is_left(engine: Engine, serving: Host) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE model_versions SET active = false")
    serving.refresh()
    assert serving.serving.scorer.rung is Rung.DEFAULT


def test_every_file_of_a_folder_is_refused_with_a_flipped_bit(tmp_path: Path) -> None:
    made = build_tiny_artifact(tmp_path / "made")
    for path in sorted(made.path.iterdir()):
        before = path.read_bytes()
        path.write_bytes(_flipped(before))
        with pytest.raises(ArtifactInvalid):
            _opened_whole(made.path)
        path.write_bytes(before)
    assert _opened_whole(made.path).version == made.version


def test_files_of_a_signed_artifact_published_again_carry_no_old_signature(tmp_path: Path) -> None:
    made = build_tiny_artifact(tmp_path / "made")
    use_keys(Keyring())
    build_tiny_linear(seed=3).save(made.path)
    again = publish(made.path, tmp_path / "again", made.manifest.facts)
    assert not (again.path / SIGNATURE).exists()


def _opened_whole(folder: Path) -> Artifact:
    artifact = open_artifact(folder)
    artifact.verify(*artifact.manifest.files)
    return artifact
