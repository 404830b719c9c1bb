"""Features of texts on disk, known by the hash of the text, for one encoder and all trainings.

A file holds some hundred rows and is there as a whole or not at all, so a kill -9 costs the file in
hand. It is only a memory: what is missing or damaged is computed again. It holds no text, and
forgets what was erased (`trainer.privacy.sweep`).
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from trainer.job.workspace import write_whole

_log = structlog.get_logger(__name__)
Features = NDArray[np.float32]
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shard:
    """Some rows: hashes of n different texts, and their features, shape (n, f)."""

    hashes: Sequence[bytes]
    features: Features


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingStore:
    """What one encoder made of texts.

    Attributes:
        folder: for one encoder, precision and pooling alone.
    """

    folder: Path

    def fill(self, features: Features, rows: Mapping[bytes, Sequence[int]]) -> set[bytes]:
        """Writes what is known into some rows.

        Args:
            features: of b texts, shape (b, f).
            rows: where in it the features of each text belong, by its hash.

        Returns:
            Hashes of the texts that were known.
        """
        known: set[bytes] = set()
        for file in sorted(self.folder.glob("*.safetensors")):
            shard = read_shard(file)
            if shard is None or shard.features.shape[1] != features.shape[1]:
                continue
            wanted = [n for n, hash_ in enumerate(shard.hashes) if hash_ in rows]
            for n in wanted:
                features[rows[shard.hashes[n]]] = shard.features[n]
            known.update(shard.hashes[n] for n in wanted)
            if wanted:
                _touch(file)
        return known

    def keep(self, shard: Shard) -> None:
        """Writes rows; where they cannot be written they are computed again next time."""
        name = hashlib.sha256(b"".join(shard.hashes)).hexdigest()[:16]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / f"{name}.safetensors", _packed(shard))
        except OSError as error:
            _log.warning("embeddings_not_kept", cause=error.strerror)


def read_shard(file: Path) -> Shard | None:
    """The rows of a file; None when it is gone or damaged."""
    try:
        parts = load_file(file)
        hashes, features = parts["hashes"], parts["features"]
    except (OSError, SafetensorError, KeyError):
        return None
    if hashes.shape != (len(features), _HASH_BYTES) or features.ndim != 2:
        return None
    return Shard(hashes=[row.tobytes() for row in hashes], features=features)


def trim(root: Path, most_bytes: int) -> None:
    """Removes files until what lies in a root fits, those first that were longest of no use."""
    files = sorted(_files(root), key=lambda entry: entry[1])
    over = sum(size for _, _, size in files) - most_bytes
    for file, _, size in files:
        if over <= 0:
            return
        file.unlink(missing_ok=True)
        over -= size


def forget(root: Path, gone: Callable[[Sequence[bytes]], set[bytes]]) -> int:
    """Takes texts out of every store below a root.

    Args:
        root: the folder of all stores.
        gone: says which of some hashes have to go.

    Returns:
        Rows that went. What a killed training was writing, and what is damaged, goes whole.
    """
    went = 0
    for file in root.glob("*/*"):
        shard = read_shard(file) if file.suffix == ".safetensors" else None
        if shard is None:
            file.unlink(missing_ok=True)
            continue
        doomed = gone(shard.hashes)
        if doomed:
            _rewrite(file, shard, doomed)
            went += len(doomed)
    return went


def _rewrite(file: Path, shard: Shard, doomed: set[bytes]) -> None:
    kept = [n for n, hash_ in enumerate(shard.hashes) if hash_ not in doomed]
    if not kept:
        file.unlink(missing_ok=True)
        return
    left = Shard(hashes=[shard.hashes[n] for n in kept], features=shard.features[kept])
    write_whole(file, _packed(left))


def _packed(shard: Shard) -> bytes:
    marks = np.frombuffer(b"".join(shard.hashes), dtype=np.uint8).reshape(-1, _HASH_BYTES)
    return save({"hashes": marks, "features": np.ascontiguousarray(shard.features)})


def _files(root: Path) -> Iterator[tuple[Path, int, int]]:
    """Each file below with the time of its last use in ns and its size in bytes."""
    for file in root.glob("*/*"):
        with suppress(FileNotFoundError):
            stat = file.stat()
            yield file, stat.st_mtime_ns, stat.st_size


def _touch(file: Path) -> None:
    with suppress(OSError):  # another training may have trimmed it, or it is not ours to touch
        file.touch()
