"""The artifact folder: a trained model with all that is needed to serve, check and explain it.

The parts are checked one by one, right before they are parsed, so that a damaged network still
lets the linear model of the same folder serve. What could run code is refused as soon as the
folder is opened, wherever it lies.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from classifier.content_id import content_id
from classifier.manifest import (
    MAX_MANIFEST_BYTES,
    Facts,
    Manifest,
    check_name,
    mark_file,
    parse_manifest,
)
from classifier.signing import SIGNATURE, is_signed, keys_in_use, refuse_strangers, sign
from core.errors import ArtifactInvalid, Invalid

MANIFEST = "manifest.json"
# Formats that run code when they are loaded, or that are code.
REFUSED_SUFFIXES = frozenset(
    {
        *(".bin", ".ckpt", ".dill", ".h5", ".joblib", ".npy", ".npz", ".pickle", ".pkl"),
        *(".pt", ".pt2", ".pth", ".py", ".pyc", ".so"),
    }
)
# Pickle protocols 2 to 5, and the zip archive that torch.save puts around a pickle.
_REFUSED_MAGIC = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
# A header holds some hundred bytes a tensor; the format itself allows 100 MB of JSON.
_MAX_HEADER_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """An opened artifact folder; its parts are not checked yet.

    Attributes:
        path: the folder.
        manifest: its facts and the marks of its files.
        version: content id of the manifest, and by it of every file.
    """

    path: Path
    manifest: Manifest
    version: str

    @property
    def labels(self) -> tuple[str, ...]:
        """Label order of every array with a label axis."""
        return self.manifest.facts.labels

    def has(self, name: str) -> bool:
        """Whether the manifest lists the file."""
        return name in self.manifest.files

    def verify(self, *names: str) -> None:
        """Compares files with their marks.

        Raises:
            ArtifactInvalid: names the first file that is missing, altered or not listed.
        """
        for name in names:
            self.verified(name)

    def verified(self, name: str) -> Path:
        """The path of a file whose size and SHA-256 are as the manifest says.

        Raises:
            ArtifactInvalid: it is missing, altered, not listed, or has a monstrous header.
        """
        mark = self.manifest.files.get(name)
        if mark is None:
            raise ArtifactInvalid(f"{name} is not in the manifest of {self.path.name}")
        path = self.path / name
        try:
            if path.stat().st_size != mark.size or mark_file(path) != mark:
                raise ArtifactInvalid(f"{name} of {self.path.name} was altered")
            _check_header(path)
        except OSError as error:
            problem = error.strerror or "cannot be read"
            raise ArtifactInvalid(f"{name} of {self.path.name}: {problem}") from error
        return path

    def read_json(self, name: str) -> Any:
        """The decoded content of a verified JSON file.

        Raises:
            ArtifactInvalid: as `verified`, or it is not JSON.
        """
        try:
            return json.loads(self.verified(name).read_bytes())
        except ValueError as error:
            raise ArtifactInvalid(f"{name} of {self.path.name} is not JSON") from error


def open_artifact(path: Path) -> Artifact:
    """Reads the manifest and refuses folders with links or with files that could run code.

    Raises:
        ArtifactInvalid: one line with the cause; a stranger's signature is the first that counts.
    """
    raw = _manifest_bytes(path)
    refuse_strangers(path, raw, keys_in_use())
    manifest = parse_manifest(raw)
    for file in _files(path):
        _refuse_code(path, file)
    return Artifact(path=path, manifest=manifest, version=content_id(raw))


def publish(staging: Path, final: Path, facts: Facts) -> Artifact:
    """Turns a folder of finished files into an artifact that appears as a whole or not at all.

    The manifest is written, signed where this process has a key, and everything is flushed to the
    disk before the folder is renamed.

    Args:
        staging: on the same file system as `final`; it is gone afterwards.
        final: must not exist, or be an empty folder.
        facts: what the manifest says about where the files came from.

    Raises:
        Invalid: `final` holds files already.
        ArtifactInvalid: a file has a name or a content that is refused on opening.
    """
    files = [file for file in _files(staging) if file.name not in (MANIFEST, SIGNATURE)]
    for file in files:
        file.chmod(0o644)  # safetensors writes for its owner alone; a worker may be another user
        _refuse_code(staging, file)
        check_name(file.relative_to(staging).as_posix())
    marks = {file.relative_to(staging).as_posix(): mark_file(file) for file in files}
    manifest = Manifest(facts=facts, files=marks).to_bytes()
    (staging / MANIFEST).write_bytes(manifest)
    _sign(staging, manifest)
    for entry in [*staging.rglob("*"), staging]:
        _flush(entry)
    try:
        staging.rename(final)
    except OSError as error:
        fix = "name a folder that does not exist yet"
        raise Invalid(str(final), error.strerror or "cannot be written", fix) from error
    _flush(final.parent)
    return open_artifact(final)


def countersign(path: Path, key: Ed25519PrivateKey) -> Artifact:
    """Signs a folder that lies there already, once every file was found to be as it was made.

    Raises:
        ArtifactInvalid: one of them is missing or altered.
        Invalid: the folder cannot be written.
    """
    artifact = open_artifact(path)
    artifact.verify(*artifact.manifest.files)
    try:
        sign(path, _manifest_bytes(path), key)
    except OSError as error:
        problem = error.strerror or "cannot be written"
        raise Invalid(str(path), problem, "let this user write it") from error
    return artifact


def is_signed_by(path: Path, trusted: tuple[Ed25519PublicKey, ...]) -> bool:
    """Whether one of the keys signed the manifest of a folder.

    Raises:
        ArtifactInvalid: there is no manifest.
    """
    return is_signed(path, _manifest_bytes(path), trusted)


def _sign(staging: Path, manifest: bytes) -> None:
    """By the key of this process; a signature that came with the files says nothing any more."""
    key = keys_in_use().signs
    (staging / SIGNATURE).unlink(missing_ok=True)
    if key is not None:
        sign(staging, manifest, key)


def _manifest_bytes(path: Path) -> bytes:
    try:
        with (path / MANIFEST).open("rb") as stream:
            raw = stream.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        problem = error.strerror or "cannot be read"
        raise ArtifactInvalid(f"{MANIFEST} of {path.name}: {problem}") from error
    if len(raw) > MAX_MANIFEST_BYTES:
        raise ArtifactInvalid(
            f"{MANIFEST} of {path.name} is larger than {MAX_MANIFEST_BYTES} bytes"
        )
    return raw


def _files(folder: Path) -> Iterator[Path]:
    """Every file below, in order of name.

    Raises:
        ArtifactInvalid: there is a link or another thing that is neither file nor folder.
    """
    for entry in sorted(folder.rglob("*")):
        if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
            raise ArtifactInvalid(f"{entry.name} of {folder.name} is not a plain file")
        if entry.is_file():
            yield entry


def _refuse_code(folder: Path, file: Path) -> None:
    """Refuses by suffix and by content; a safetensors file begins with a length, so any byte."""
    if file.suffix.lower() in REFUSED_SUFFIXES:
        raise ArtifactInvalid(f"{file.name} of {folder.name} is of a kind that can run code")
    if file.suffix == ".safetensors":
        return
    with file.open("rb") as stream:
        if stream.read(4).startswith(_REFUSED_MAGIC):
            raise ArtifactInvalid(f"{file.name} of {folder.name} holds a pickle")


def _check_header(path: Path) -> None:
    """A safetensors file begins with the length of its JSON header: 8 bytes, little endian."""
    if path.suffix != ".safetensors":
        return
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
    if length > min(_MAX_HEADER_BYTES, path.stat().st_size - 8):
        raise ArtifactInvalid(f"{path.name} has a header of {length} bytes")


def _flush(path: Path) -> None:
    """To the disk, so that a rename is never seen before what it names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
