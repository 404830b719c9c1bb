import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classifier.architecture import HeadShape, MultilabelTransformer
from core.text import text_hash
from tests.factories.artifacts import build_tiny_encoder, build_tiny_network
from trainer.fit import embeddings
from trainer.fit.embedding_store import forget, trim
from trainer.fit.embeddings import Features, Kept, Read, embed
from trainer.job.progress import Silent

_IDS = [[2, 10, 11, 3], [2, 3], [2, 12, 3], [2, *range(4, 40), 3]] * 3


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "SHARD_TEXTS", 4)
    monkeypatch.setattr(embeddings, "CHUNK_TOKENS", 12)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each pass through the encoder took."""
    counts: list[int] = []
    compute = embeddings._features

    def counting(model: MultilabelTransformer, chunk: Sequence[Sequence[int]]) -> Features:
        counts.append(len(chunk))
        return compute(model, chunk)

    monkeypatch.setattr(embeddings, "_features", counting)
    return counts


def _read(folder: Path, ids: Sequence[list[int]] = _IDS, first: int = 0) -> Read:
    """Texts that differ, with token ids that do not."""
    encoder = folder / "encoder"
    return Read(
        texts=[f"text {first + n}" for n in range(len(ids))],
        token_ids=ids,
        max_length=64,
        encoder=encoder if encoder.is_dir() else build_tiny_encoder(encoder),
    )


def _embed(
    folder: Path, read: Read, model: MultilabelTransformer | None = None, mib: int | None = None
) -> Features:
    kept = Kept(folder=folder / "kept", most_mib=mib)
    return embed(model or build_tiny_network(), read, kept, Silent())


def _files(folder: Path) -> list[Path]:
    return sorted((folder / "kept").rglob("*.safetensors"))


def test_features_stand_in_the_order_of_the_texts(tmp_path: Path) -> None:
    model = build_tiny_network(shape=HeadShape(layers=(-3, -1)))
    found = _embed(tmp_path, _read(tmp_path), model)
    assert found.shape == (12, model.feature_size)
    for row, ids in enumerate(_IDS[:4]):
        alone = _embed(tmp_path / f"{row}", _read(tmp_path, [ids]), model)
        assert found[row] == pytest.approx(alone[0], abs=1e-4)


def test_a_second_run_computes_only_what_is_missing_or_torn(
    tmp_path: Path, computed: list[int]
) -> None:
    whole = _embed(tmp_path, _read(tmp_path))
    shards = _files(tmp_path)
    assert len(shards) >= 2
    shards[0].write_bytes(b"torn")
    computed.clear()
    np.testing.assert_array_equal(_embed(tmp_path, _read(tmp_path)), whole)
    assert 0 < sum(computed) < len(_IDS)


def test_another_training_computes_nothing_of_the_same_texts_and_five_of_five_new_ones(
    tmp_path: Path, computed: list[int]
) -> None:
    whole = _embed(tmp_path, _read(tmp_path))
    computed.clear()
    turned = _read(tmp_path)
    other = Read(
        texts=turned.texts[::-1],
        token_ids=turned.token_ids[::-1],
        max_length=64,
        encoder=turned.encoder,
    )
    np.testing.assert_array_equal(_embed(tmp_path, other), whole[::-1])
    assert computed == []
    more = _embed(tmp_path, _read(tmp_path, [*_IDS, *_IDS[:5]]))
    assert sum(computed) == 5
    assert more[12:] == pytest.approx(whole[:5], abs=1e-4)


def test_equal_texts_are_computed_once(tmp_path: Path, computed: list[int]) -> None:
    read = _read(tmp_path, [_IDS[0]] * 6)
    same = Read(texts=["a"] * 6, token_ids=read.token_ids, max_length=64, encoder=read.encoder)
    found = _embed(tmp_path, same)
    assert sum(computed) == 1
    assert (found == found[0]).all()


def test_what_another_encoder_or_pooling_made_is_not_taken(
    tmp_path: Path, computed: list[int]
) -> None:
    _embed(tmp_path, _read(tmp_path))
    computed.clear()
    _embed(tmp_path, _read(tmp_path), build_tiny_network(shape=HeadShape(pooling=("max",))))
    assert sum(computed) == len(_IDS)
    weights = tmp_path / "encoder" / "model.safetensors"
    weights.unlink()
    (tmp_path / "other").mkdir()
    build_tiny_encoder(tmp_path / "other" / "encoder", seed=1)
    (tmp_path / "other" / "encoder" / "model.safetensors").rename(weights)
    computed.clear()
    _embed(tmp_path, _read(tmp_path))
    assert sum(computed) == len(_IDS)


def test_the_files_that_were_longest_of_no_use_go_first(tmp_path: Path) -> None:
    _embed(tmp_path, _read(tmp_path))
    files = _files(tmp_path)
    for age, file in enumerate(files):
        os.utime(file, (1000 - age, 1000 - age))
    sizes = sum(file.stat().st_size for file in files)
    trim(tmp_path / "kept", sizes - 1)
    assert _files(tmp_path) == files[:-1]
    _embed(tmp_path, _read(tmp_path), mib=0)
    assert _files(tmp_path) == []


def test_forgotten_texts_leave_every_store_and_nothing_else_does(
    tmp_path: Path, computed: list[int]
) -> None:
    _embed(tmp_path, _read(tmp_path))
    aside = _files(tmp_path)[0].with_name("x.safetensors.0.new")
    aside.write_bytes(b"half of a shard")
    gone = {text_hash("text 3"), text_hash("text 7"), text_hash("of somebody else")}
    assert forget(tmp_path / "kept", lambda hashes: gone & set(hashes)) == 2
    assert not aside.exists()
    held = b"".join(file.read_bytes() for file in _files(tmp_path))
    assert not any(hash_ in held for hash_ in gone)
    computed.clear()
    _embed(tmp_path, _read(tmp_path))
    assert sum(computed) == 2
