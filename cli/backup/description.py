"""`backup.json`: what a backup holds, byte for byte, and of when it is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import Invalid

FILE = "backup.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A backup.

    Attributes:
        made_at: by the database's clock in ISO 8601; what was acknowledged before is in it.
        revision: of the schema.
        tickets: how many it holds.
        models: folder of each model version, by version.
        snapshots: folder of each data set, by id.
        files: SHA-256 of each file, by its place in the backup.
    """

    made_at: str
    revision: str
    tickets: int
    models: Mapping[str, str]
    snapshots: Mapping[str, str]
    files: Mapping[str, str]
    format: int = FORMAT


def write_description(folder: Path, description: Description) -> None:
    """Writes it into the backup's folder."""
    (folder / FILE).write_text(json.dumps(asdict(description), indent=1, sort_keys=True))


def read_description(folder: Path) -> Description:
    """Reads it and compares every file with its hash.

    Raises:
        Invalid: it is no backup, of a later format, or a file is missing or altered.
    """
    try:
        raw: dict[str, Any] = json.loads((folder / FILE).read_text())
        found = Description(**raw)
    except (OSError, ValueError, TypeError) as error:
        fix = "name a folder that `pointsman backup` made"
        raise Invalid("DIR", f"{folder} is no backup that this version reads", fix) from error
    for name, digest in found.files.items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise Invalid("DIR", f"{name} is missing or altered", "take another backup")
    return found


def sha256(file: Path) -> str:
    """Of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
