from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classifier.architecture import HeadShape, MultilabelTransformer
from tests.factories.artifacts import build_tiny_network
from trainer.fit import embeddings
from trainer.fit.embeddings import Features, embed
from trainer.job.progress import Silent

_IDS = [[2, 10, 11, 3], [2, 3], [2, 12, 3], [2, *range(4, 40), 3]] * 3


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "SHARD_TEXTS", 4)
    monkeypatch.setattr(embeddings, "CHUNK_TOKENS", 12)


def test_features_stand_in_the_order_of_the_texts(tmp_path: Path) -> None:
    model = build_tiny_network(shape=HeadShape(layers=(-3, -1)))
    found = embed(model, _IDS, tmp_path, Silent())
    assert found.shape == (12, model.feature_size)
    for row, ids in enumerate(_IDS[:4]):
        alone = embed(model, [ids], tmp_path / f"{row}", Silent())
        assert found[row] == pytest.approx(alone[0], abs=1e-4)


def test_a_second_run_computes_only_what_is_missing_or_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_tiny_network()
    whole = embed(model, _IDS, tmp_path, Silent())
    shards = sorted(tmp_path.iterdir())
    assert len(shards) >= 2
    shards[0].write_bytes(b"torn")
    computed: list[int] = []
    compute = embeddings._features

    def counting(model: MultilabelTransformer, chunk: Sequence[Sequence[int]]) -> Features:
        computed.append(len(chunk))
        return compute(model, chunk)

    monkeypatch.setattr(embeddings, "_features", counting)
    again = embed(model, _IDS, tmp_path, Silent())
    np.testing.assert_array_equal(again, whole)
    assert 0 < sum(computed) < len(_IDS)
