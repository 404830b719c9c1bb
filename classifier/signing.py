"""Whose artifacts this process makes and takes: Ed25519 signatures over `manifest.json`.

The manifest holds the SHA-256 of every other file, so that its signature stands for the folder.
`manifest.sig` beside it is the signature (RFC 8032) of its bytes in base64. The keys are set once,
by a process' composition root, and not handed from caller to caller: so nobody who opens an
artifact can forget to ask whose it is. How keys get onto disks is `classifier.key_files`' matter.
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import ArtifactInvalid

SIGNATURE = "manifest.sig"
_MOST_BYTES = 256  # 64 bytes in base64 are 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """What a process signs with, and whose signatures it takes.

    Attributes:
        signs: for what is published here; None leaves it unsigned.
        trusts: one of these must have signed what is opened here; empty takes anything.
    """

    signs: Ed25519PrivateKey | None = None
    trusts: tuple[Ed25519PublicKey, ...] = ()


class _Process:
    """The keys of this process."""

    keyring = Keyring()


def use_keys(keyring: Keyring) -> None:
    """Has this process sign and check with these from now on; for composition roots alone."""
    _Process.keyring = keyring


def keys_in_use() -> Keyring:
    """What this process signs and checks with."""
    return _Process.keyring


def sign(folder: Path, manifest: bytes, key: Ed25519PrivateKey) -> None:
    """Writes the signature of a folder's manifest beside it."""
    content = base64.b64encode(key.sign(manifest)) + b"\n"
    (folder / SIGNATURE).write_bytes(content)


def refuse_strangers(folder: Path, manifest: bytes, keyring: Keyring) -> None:
    """Checks whose a manifest is, before anything of the folder is parsed.

    Raises:
        ArtifactInvalid: none of the trusted keys signed it.
    """
    if keyring.trusts and not is_signed(folder, manifest, keyring.trusts):
        raise ArtifactInvalid(
            f"{folder.name} is not signed by a key that is trusted here; if you know where it is "
            "from, run `pointsman models sign`"
        )


def is_signed(folder: Path, manifest: bytes, trusted: tuple[Ed25519PublicKey, ...]) -> bool:
    """Whether one of the keys signed these bytes; False too where there is no signature."""
    signature = _signature(folder)
    return signature is not None and any(_verifies(key, signature, manifest) for key in trusted)


def _signature(folder: Path) -> bytes | None:
    try:
        with (folder / SIGNATURE).open("rb") as stream:
            return base64.b64decode(stream.read(_MOST_BYTES).strip(), validate=True)
    except (OSError, binascii.Error):
        return None


def _verifies(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
