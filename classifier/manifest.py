"""`manifest.json`: what an artifact folder holds, byte for byte, and where it came from."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.errors import ArtifactInvalid

FORMAT = 1
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
# Path segments begin with a letter, a digit or "_", so ".." and absolute paths cannot be written.
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Where an artifact came from; written by the trainer, read by people and by `models show`.

    Attributes:
        encoder: the setting it was trained from.
        labels: label order of every array with a label axis.
        max_length: most tokens of an input, special tokens included.
        dataset_hash: of the rows that it learned from.
        seeds: every seed used.
        code_version: of Pointsman.
        preset: fast, balanced or best.
        training: whatever else the run depended on, JSON-ready.
    """

    encoder: str
    labels: tuple[str, ...]
    max_length: int
    dataset_hash: str
    seeds: tuple[int, ...]
    code_version: str
    preset: str
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMark:
    """SHA-256 (64 hex digits) and size in bytes of one file."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The facts and a mark for every other file; names are relative, with forward slashes."""

    facts: Facts
    files: Mapping[str, FileMark]
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """The bytes of `manifest.json`: equal manifests give equal bytes."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False)
        return f"{text}\n".encode()


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def parse_manifest(raw: bytes) -> Manifest:
    """Reads what `Manifest.to_bytes` gave.

    Raises:
        ArtifactInvalid: it is damaged, of another format, or names a file outside the folder.
    """
    try:
        manifest = _MANIFEST.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise ArtifactInvalid(f"manifest.json: {where}: {first['msg'].lower()}") from error
    if manifest.format != FORMAT:
        raise ArtifactInvalid(f"manifest.json: format {manifest.format} is not known here")
    for name in manifest.files:
        check_name(name)
    return manifest


def check_name(name: str) -> None:
    """Refuses names that could lead out of the folder or need quoting.

    Raises:
        ArtifactInvalid: the name is not safe.
    """
    if not _SAFE_NAME.fullmatch(name):
        raise ArtifactInvalid(f"{name!r} is not a safe file name")


def mark_file(path: Path) -> FileMark:
    """Hashes a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileMark(sha256=digest, size=path.stat().st_size)
