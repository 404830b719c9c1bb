"""The frozen encoder's features of every text, kept on disk as they come.

A pass over a real data set takes minutes; after a kill -9 only the shard in hand is lost.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from classifier.architecture import MultilabelTransformer
from classifier.chunking import plan_chunks
from classifier.transformer import padded
from trainer.job.progress import Pace, Progress
from trainer.job.workspace import write_whole

SHARD_TEXTS = 512  # some seconds of work on two cores
CHUNK_TOKENS = 4096

Features = NDArray[np.float32]
Texts = Sequence[Sequence[int]]


def embed(
    model: MultilabelTransformer, token_ids: Texts, folder: Path, progress: Progress
) -> Features:
    """Features of texts, shape (b, f), from the disk as far as they are there.

    Args:
        model: its encoder is on the device and in the precision in which it will serve.
        token_ids: of b texts.
        folder: for this encoder, head shape and precision alone; shards are named by their texts.
        progress: told after each shard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    features = np.zeros((len(token_ids), model.feature_size), dtype=np.float32)  # (b, f)
    read = [ids[: model.cost(ids)] for ids in token_ids]
    pace = Pace(progress, total=sum(map(len, read)))
    model.eval()
    for shard in _shards([len(ids) for ids in read]):
        chunks = [[read[row] for row in chunk] for chunk in shard]
        features[np.concatenate(shard)] = _shard_features(model, chunks, folder)
        pace.step(sum(len(ids) for chunk in chunks for ids in chunk))
    return features


def _shards(lengths: Sequence[int]) -> Iterator[list[list[int]]]:
    """Chunks of rows in packs of at least `SHARD_TEXTS` rows."""
    pack: list[list[int]] = []
    for chunk in plan_chunks(lengths, CHUNK_TOKENS):
        pack.append(chunk)
        if sum(map(len, pack)) >= SHARD_TEXTS:
            yield pack
            pack = []
    if pack:
        yield pack


def _shard_features(
    model: MultilabelTransformer, chunks: Sequence[Texts], folder: Path
) -> Features:
    file = folder / f"{_name(chunks)}.safetensors"
    shape = (sum(map(len, chunks)), model.feature_size)
    found = _read(file)
    if found is not None and found.shape == shape:
        return found
    features = np.concatenate([_features(model, chunk) for chunk in chunks])
    write_whole(file, save({"features": features}))
    return features


def _features(model: MultilabelTransformer, chunk: Texts) -> Features:
    device = str(next(model.encoder.parameters()).device)
    with torch.inference_mode():
        ids, mask = padded(chunk, model.pad_id, device)  # (b, t)
        features: Features = model.features(ids, mask).cpu().numpy()  # (b, f)
    return features


def _read(file: Path) -> Features | None:
    """A shard that an earlier run left, or None; one that cannot be read is computed again."""
    try:
        features: Features = load_file(file)["features"]
    except (OSError, SafetensorError, KeyError):
        return None
    return features


def _name(chunks: Sequence[Texts]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(repr([list(ids) for ids in chunk]).encode())
    return digest.hexdigest()[:16]
