"""Streams of tickets drawn from the samples, with a linear model that did not see them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.linear import LinearModel
from trainer.data.dataset import census, read_dataset
from trainer.drift.window import Window
from trainer.fit.baseline import fit_baseline
from trainer.fit.corpus import Corpus

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Tickets to draw streams from, with repetition.

    Attributes:
        english: rows that the model did not learn from.
        foreign: rows in eight other languages, likewise.
    """

    model: LinearModel
    corpus: Corpus
    scores: NDArray[np.float32]
    english: Rows
    foreign: Rows

    def window(self, rows: Sequence[int] | Rows, *, texts: bool = True) -> Window:
        """Some rows, as the model sees them."""
        kept = [self.corpus.texts[row] for row in rows] if texts else ()
        return Window(scores=self.scores[rows], truth=self.corpus.truth[rows], texts=kept)

    def draw(self, count: int, seed: int) -> Rows:
        """English rows by chance."""
        return np.random.default_rng(seed).choice(self.english, count)

    def draw_tripled(self, label: str, count: int, seed: int) -> Rows:
        """English rows, of which three times as many carry the label."""
        marks = self.corpus.truth[self.english, self.corpus.labels.index(label)]
        share = marks.mean()
        weights = np.where(marks == 1, 3.0, (1 - 3 * share) / (1 - share))
        chance = np.random.default_rng(seed)
        return chance.choice(self.english, count, p=weights / weights.sum())


def sample_pool(samples: Path) -> Pool:
    """Half of the English samples teach, the other half is for streams. Takes a second."""
    file = samples / "tickets.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    is_english = np.array([json.loads(line)["language"] == "en" for line in lines])
    dataset = read_dataset(file)
    corpus = Corpus.of(dataset, census(dataset).kept)
    english, foreign = np.flatnonzero(is_english), np.flatnonzero(~is_english)
    model = fit_baseline(corpus.take(english[::2]), seed=0)
    return Pool(
        model=model,
        corpus=corpus,
        scores=model.predict(corpus.texts),
        english=english[1::2],
        foreign=foreign,
    )
