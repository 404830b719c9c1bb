import stat
import subprocess
from pathlib import Path

import pytest

from classifier.artifacts import countersign, is_signed_by, open_artifact
from classifier.key_files import (
    key_file,
    make_key,
    makers_keys,
    owners_keys,
    public_file,
    read_private,
    read_public,
    signers_keys,
    takers_keys,
)
from classifier.signing import SIGNATURE, use_keys
from core.errors import ArtifactInvalid, Invalid
from core.settings import Settings
from tests.factories.artifacts import build_tiny_artifact


def _settings(folder: Path, **changes: object) -> Settings:
    return Settings(state_dir=folder, **changes)  # type: ignore[arg-type]


def test_the_first_key_is_private_and_signs_what_served_until_now(tmp_path: Path) -> None:
    old = build_tiny_artifact(tmp_path / "models" / "old")
    (old.path.parent / "no-artifact").mkdir()
    assert takers_keys(_settings(tmp_path)).trusts == ()

    made = makers_keys(_settings(tmp_path))

    private = key_file(_settings(tmp_path))
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    use_keys(takers_keys(_settings(tmp_path)))
    assert open_artifact(old.path).version == old.version
    again = makers_keys(_settings(tmp_path))
    assert made.signs is not None
    assert again.signs is not None
    assert made.signs.private_bytes_raw() == again.signs.private_bytes_raw()


def test_what_comes_later_unsigned_is_refused_until_somebody_signs_it(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    late = build_tiny_artifact(tmp_path / "late").path
    use_keys(owners_keys(settings))
    with pytest.raises(ArtifactInvalid, match="not signed by a key that is trusted here"):
        open_artifact(late)
    use_keys(signers_keys(settings))
    key = signers_keys(settings).signs
    assert key is not None
    countersign(late, key)
    use_keys(takers_keys(settings))
    open_artifact(late)


def test_workers_that_hold_the_public_key_alone_trust_its_trainer(tmp_path: Path) -> None:
    trainer = _settings(tmp_path / "trainer", artifact_key_file=tmp_path / "t.pem")
    use_keys(makers_keys(trainer))
    made = build_tiny_artifact(tmp_path / "made")
    worker = _settings(tmp_path / "w", artifact_trusted_keys=tmp_path / "t.pub", production=True)
    keys = takers_keys(worker)
    assert keys.signs is None
    assert is_signed_by(made.path, keys.trusts)


def test_old_and_new_key_are_trusted_while_they_change(tmp_path: Path) -> None:
    for name in ("old", "new"):
        make_key(tmp_path / f"{name}.pem")
    both = tmp_path / "both.pub"
    both.write_bytes(b"".join((tmp_path / f"{n}.pub").read_bytes() for n in ("old", "new")))
    found = {key.public_bytes_raw() for key in read_public(both)}
    assert len(found) == 2


def test_plain_commands_sign_and_take_anything(tmp_path: Path) -> None:
    keys = signers_keys(_settings(tmp_path))
    assert (keys.signs is not None, keys.trusts) == (True, ())


def test_in_production_somebodys_key_must_be_trusted(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="POINTSMAN_ARTIFACT_TRUSTED_KEYS"):
        takers_keys(_settings(tmp_path, production=True))
    makers_keys(_settings(tmp_path))
    assert takers_keys(_settings(tmp_path, production=True)).trusts


def test_a_private_key_that_everybody_reads_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    make_key(path)
    path.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        read_private(path)


@pytest.mark.parametrize("content", ["", "hello", "-----BEGIN PRIVATE KEY-----\nAA==\n"])
def test_what_is_no_key_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "k.pem"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Invalid, match="no Ed25519 key"):
        read_private(path)
    with pytest.raises(Invalid, match="no Ed25519 key"):
        read_public(path)


def test_of_two_that_make_a_key_at_once_both_have_the_same(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    first, second = make_key(path), make_key(path)
    assert first.private_bytes_raw() == second.private_bytes_raw()
    [public] = read_public(public_file(path))
    assert public.public_bytes_raw() == first.public_key().public_bytes_raw()


def test_openssl_makes_keys_that_we_take_and_checks_what_we_sign(tmp_path: Path) -> None:
    private, public = tmp_path / "k.pem", tmp_path / "k.pub"
    _openssl("genpkey", "-algorithm", "ed25519", "-out", private)
    private.chmod(0o600)
    _openssl("pkey", "-in", private, "-pubout", "-out", public)
    use_keys(makers_keys(_settings(tmp_path, artifact_key_file=private)))
    made = build_tiny_artifact(tmp_path / "made")
    raw = tmp_path / "signature"
    _openssl("base64", "-d", "-A", "-in", made.path / SIGNATURE, "-out", raw)
    manifest = made.path / "manifest.json"
    options = ["-inkey", public, "-rawin", "-in", manifest, "-sigfile", raw]
    _openssl("pkeyutl", "-verify", "-pubin", *options)


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
