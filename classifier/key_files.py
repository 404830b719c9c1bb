"""The key files: the trainer's private one, and the public ones of trainers that are trusted.

Without settings a key of its own is made in the state folder, when something is first to be
signed there, and whoever shares that folder trusts it. Where workers should not be able to sign,
`artifact_key_file` is given to trainers alone and `artifact_trusted_keys` to everybody.
"""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from classifier.artifacts import MANIFEST, countersign
from classifier.signing import Keyring
from core.errors import ArtifactInvalid, Invalid
from core.settings import Settings

_log = structlog.get_logger(__name__)
_KEY_FILE = "POINTSMAN_ARTIFACT_KEY_FILE"
_TRUSTED = "POINTSMAN_ARTIFACT_TRUSTED_KEYS"
_PUBLIC_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


def key_file(settings: Settings) -> Path:
    """Where the private key of this installation is, or will be."""
    return settings.artifact_key_file or settings.state_dir / "keys" / "artifacts.pem"


def public_file(private: Path) -> Path:
    """Where the public key of a private one is."""
    return private.with_suffix(".pub")


def takers_keys(settings: Settings) -> Keyring:
    """For a process that only opens artifacts: nothing to sign with.

    Raises:
        Invalid: a key file cannot be read, or there is none in production.
    """
    trusts = _trusted(settings)
    if settings.production and not trusts:
        fix = "name the public key file of your trainer (docs/security.md tells how)"
        raise Invalid(_TRUSTED, "is not set, and nobody's models can be told from others'", fix)
    return Keyring(trusts=trusts)


def makers_keys(settings: Settings) -> Keyring:
    """For a process that also publishes artifacts; makes its key if there is none yet.

    A key made now signs what lies in the state folder's `models`, for that served until now.

    Raises:
        Invalid: a key file cannot be read or written.
    """
    own = read_private(key_file(settings))
    if own is None:
        own = make_key(key_file(settings))
        _adopt(settings.state_dir / "models", own)
    return Keyring(signs=own, trusts=(own.public_key(), *_trusted(settings)))


def owners_keys(settings: Settings) -> Keyring:
    """For who starts an instance with all its processes: what they will trust, made if need be.

    Raises:
        Invalid: a key file cannot be read or written.
    """
    if settings.artifact_trusted_keys is None:
        makers_keys(settings)
    return takers_keys(settings)


def signers_keys(settings: Settings) -> Keyring:
    """For a command that works on plain files: it signs and takes anybody's artifacts.

    Raises:
        Invalid: the key file cannot be read or written.
    """
    return Keyring(signs=makers_keys(settings).signs)


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new private key, with its public one beside it; of several makers at once one wins.

    Raises:
        Invalid: the place cannot be written.
    """
    made = Ed25519PrivateKey.generate()
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_private(aside, made)
        with suppress(FileExistsError):
            path.hardlink_to(aside)
        aside.unlink()
        won = read_private(path)
        assert won is not None
        public_file(path).write_bytes(_public_pem(won))
    except OSError as error:
        fix = "name a file in a folder that can be written, or a key that is there"
        raise Invalid(_KEY_FILE, error.strerror or "cannot be written", fix) from error
    return won


def read_private(path: Path) -> Ed25519PrivateKey | None:
    """The key in a PEM file (PKCS #8, not encrypted); None where there is no such file.

    Raises:
        Invalid: it is something else, cannot be read, or everybody can read it.
    """
    try:
        raw, mode = path.read_bytes(), path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        fix = "let this user read it"
        raise Invalid(_KEY_FILE, error.strerror or "cannot be read", fix) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise Invalid(_KEY_FILE, f"{path} is open to every user", f"run: chmod 600 {path}")
    try:
        key = load_pem_private_key(raw, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(_KEY_FILE, path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(_KEY_FILE, path)
    return key


def read_public(path: Path) -> tuple[Ed25519PublicKey, ...]:
    """Every key in a PEM file, one after the other, so that keys can be changed without a gap.

    Raises:
        Invalid: it cannot be read, holds none, or one of another kind.
    """
    try:
        blocks = _PUBLIC_BLOCK.findall(path.read_bytes())
    except OSError as error:
        fix = "name a file with public keys in PEM form"
        raise Invalid(_TRUSTED, error.strerror or "cannot be read", fix) from error
    try:
        keys = [load_pem_public_key(block) for block in blocks]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(_TRUSTED, path) from error
    found = tuple(key for key in keys if isinstance(key, Ed25519PublicKey))
    if not found or len(found) < len(keys):
        raise _no_key(_TRUSTED, path)
    return found


def _adopt(models: Path, key: Ed25519PrivateKey) -> None:
    """Signs every sound artifact of a folder; what is none stays as it is."""
    for manifest in sorted(models.glob(f"*/{MANIFEST}")):
        try:
            countersign(manifest.parent, key)
        except ArtifactInvalid as error:
            _log.warning("not_signed", cause=str(error))


def _trusted(settings: Settings) -> tuple[Ed25519PublicKey, ...]:
    """Those of the setting, or else what this installation signs with, or none."""
    if settings.artifact_trusted_keys is not None:
        return read_public(settings.artifact_trusted_keys)
    own = public_file(key_file(settings))
    return read_public(own) if own.is_file() else ()


def _write_private(path: Path, key: Ed25519PrivateKey) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _no_key(name: str, path: Path) -> Invalid:
    return Invalid(name, f"{path} holds no Ed25519 key in PEM form", "see docs/security.md")
