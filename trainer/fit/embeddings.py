"""The frozen encoder's features of every text, kept on disk as they come.

A pass over a real data set takes minutes; after a kill -9 only the shard in hand is lost, and a
later training with the same encoder computes only what is new.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.chunking import plan_chunks
from classifier.content_id import object_id
from classifier.manifest import mark_file
from classifier.precision import fitting_tokens
from classifier.transformer import padded
from core.text import text_hash
from trainer.fit.embedding_store import EmbeddingStore, Shard, trim
from trainer.job.progress import Pace, Progress

SHARD_TEXTS = 512  # some seconds of work on two cores
CHUNK_TOKENS = 4096
_MIB = 1024 * 1024
_ENCODER_FILES = ("*.safetensors", "config.json", "tokenizer.json", "vocab.txt")

Features = NDArray[np.float32]
Texts = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where features lie.

    Attributes:
        folder: of the stores of all encoders.
        most_mib: that they may take together once a training has its own; None for any size.
    """

    folder: Path
    most_mib: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Texts as the encoder reads them.

    Attributes:
        texts: b of them.
        token_ids: of each.
        max_length: most tokens of a text, by which longer ones were cut.
        encoder: folder that the encoder came from.
    """

    texts: Sequence[str]
    token_ids: Texts
    max_length: int
    encoder: Path


def embed(model: MultilabelTransformer, read: Read, kept: Kept, progress: Progress) -> Features:
    """Features of texts, shape (b, f), from the disk as far as they are there.

    Args:
        model: its encoder is on the device and in the precision in which it will serve.
        read: b texts.
        kept: where features are found and left.
        progress: told after each shard.
    """
    store = EmbeddingStore(folder=kept.folder / store_name(model, read))
    features = np.zeros((len(read.texts), model.feature_size), dtype=np.float32)  # (b, f)
    rows = _rows_by_hash(read.texts)
    known = store.fill(features, rows)
    fresh = {hash_: places for hash_, places in rows.items() if hash_ not in known}
    for shard in _computed(model, read, fresh, progress):
        store.keep(shard)
        for hash_, row in zip(shard.hashes, shard.features, strict=True):
            features[rows[hash_]] = row
    if kept.most_mib is not None:
        trim(kept.folder, kept.most_mib * _MIB)
    return features


def store_name(model: MultilabelTransformer, read: Read) -> str:
    """A content id of everything but the text that features depend on."""
    weight = next(model.encoder.parameters())
    files = sorted(f for pattern in _ENCODER_FILES for f in read.encoder.glob(pattern))
    return object_id(
        {
            "encoder": {file.name: mark_file(file).sha256 for file in files},
            "precision": str(weight.dtype),
            "device": weight.device.type,
            "layers": model.shape.layers,
            "pooling": model.shape.pooling,
            "encoder_tokens": model.shape.encoder_tokens,
            "max_length": read.max_length,
        }
    )


def _computed(
    model: MultilabelTransformer,
    read: Read,
    rows: Mapping[bytes, Sequence[int]],
    progress: Progress,
) -> Iterator[Shard]:
    """Features of texts that no store knows, each text once."""
    hashes = list(rows)
    whole = [read.token_ids[rows[hash_][0]] for hash_ in hashes]
    ids = [own[: model.cost(own)] for own in whole]
    pace = Pace(progress, total=sum(map(len, ids)))
    model.eval()
    most = fitting_tokens(str(next(model.encoder.parameters()).device), CHUNK_TOKENS)
    for chunks in _shards([len(own) for own in ids], most):
        found = [_features(model, [ids[n] for n in chunk]) for chunk in chunks]
        marks = [hashes[n] for chunk in chunks for n in chunk]
        yield Shard(hashes=marks, features=np.concatenate(found))
        pace.step(sum(len(ids[n]) for chunk in chunks for n in chunk))


def _rows_by_hash(texts: Sequence[str]) -> dict[bytes, list[int]]:
    rows: dict[bytes, list[int]] = {}
    for row, text in enumerate(texts):
        rows.setdefault(text_hash(text), []).append(row)
    return rows


def _shards(lengths: Sequence[int], max_tokens: int) -> Iterator[list[list[int]]]:
    """Chunks of rows in packs of at least `SHARD_TEXTS` rows."""
    pack: list[list[int]] = []
    for chunk in plan_chunks(lengths, max_tokens):
        pack.append(chunk)
        if sum(map(len, pack)) >= SHARD_TEXTS:
            yield pack
            pack = []
    if pack:
        yield pack


def _features(model: MultilabelTransformer, chunk: Texts) -> Features:
    device = str(next(model.encoder.parameters()).device)
    with torch.inference_mode():
        ids, mask = padded(chunk, model.pad_id, device)  # (b, t)
        features: Features = model.features(ids, mask).cpu().numpy()  # (b, f)
    return features
