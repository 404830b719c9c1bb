import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from trainer.fit.corpus import Corpus
from trainer.reporting import ablation
from trainer.reporting.ablation import VARIANTS, ablate, sample

_ROWS = 600
_SHARES = np.array([0.4, 0.3, 0.06, 0.05])


def _corpus() -> tuple[Corpus, NDArray[np.float32]]:
    """Two frequent and two rare labels that the features tell with some noise."""
    chance = np.random.default_rng(0)
    truth = (chance.random((_ROWS, len(_SHARES))) < _SHARES).astype(np.uint8)
    noise = chance.normal(size=(_ROWS, 12))
    noise[:, : len(_SHARES)] += 2 * truth
    texts = [f"text {row}" for row in range(_ROWS)]
    corpus = Corpus(texts=texts, labels=("a", "b", "c", "d"), truth=truth)
    return corpus, noise.astype(np.float32)


def test_every_loss_is_tried_on_the_rare_labels_alone() -> None:
    found = ablate(*_corpus(), seed=0)
    assert found.rare == ("c", "d")
    assert [variant.loss for variant in found.variants] == list(VARIANTS)
    assert 0 < found.precision < 1
    for variant in found.variants:
        assert 0.3 < variant.rare_average_precision < variant.average_precision < 1
        assert 0 < variant.rare_recall <= 1


def test_recall_is_the_highest_that_keeps_to_the_precision() -> None:
    chance = np.random.default_rng(1)
    truth = (chance.random(200) < 0.2).astype(np.uint8)
    scores = (chance.normal(size=200) + truth).astype(np.float32)
    for least in (0.3, 0.5, 0.9):
        expected = max(
            truth[scores >= cut].sum() / truth.sum()
            for cut in [*scores, np.inf]
            if np.isinf(cut) or truth[scores >= cut].mean() >= least
        )
        assert ablation._recall_at(truth, scores, least) == pytest.approx(expected)
    precision, _, _ = precision_recall_curve(truth, scores)
    assert precision[-1] == 1  # so that there always is such a threshold


def test_without_enough_rare_tickets_nothing_is_said() -> None:
    corpus, features = _corpus()
    assert ablate(corpus.take(np.arange(30)), features[:30], seed=0).variants == ()


def test_of_many_rows_some_are_drawn_and_of_few_all(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, _ = _corpus()
    assert sample(corpus, seed=0).tolist() == list(range(_ROWS))
    monkeypatch.setattr(ablation, "MAX_ROWS", 100)
    drawn = sample(corpus, seed=0)
    assert len(set(drawn.tolist())) == 100
    assert drawn.tolist() == sorted(drawn.tolist()) == sample(corpus, seed=0).tolist()
