"""Which phrases of a text carried a label's score, for each kind of model that gives scores.

A weight is in log-odds of the calibrated score: what the phrase adds to it. Shapes: v variants of
one text, l labels.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from classifier.explain_spans import Span, phrases, set_aside, without
from classifier.keywords import KeywordModel
from classifier.linear import LinearModel, word_places

MOST_VARIANTS, FEWEST_VARIANTS = 24, 8
_VARIANT_TOKENS = 3_072  # what all variants of a text may cost the encoder
_SMALLEST = 1e-6  # a score's distance from 0 and 1 that float32 still tells

Score = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A span of the text that was read.

    Attributes:
        weight: log-odds that it adds to the label's score; negative where it speaks against it.
        score_without: the label's score in [0, 1] when it is left out; None where nothing was.
    """

    span: Span
    weight: float
    score_without: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What carried one label.

    Attributes:
        phrases: in the order of the text.
        aside: log-odds that signature and quoted replies add, which no phrase is taken from.
    """

    phrases: tuple[Phrase, ...]
    aside: float = 0.0


def by_leaving_out(
    text: str, labels: Mapping[str, int], score: Score, *, tokens: int
) -> dict[str, Carried]:
    """What each phrase carried, by scoring the text without it.

    This is erasure (Li, Monroe and Jurafsky, "Understanding Neural Networks through
    Representation Erasure", 2016). It needs nothing but scores, tells of all labels at once, and
    was more faithful than gradients (docs/decisions/0009).

    Args:
        text: what was scored.
        labels: the labels to explain and their columns.
        score: texts to scores in [0, 1], (v, l).
        tokens: what the text costs to score, which bounds the number of phrases.
    """
    most = min(MOST_VARIANTS, max(FEWEST_VARIANTS, _VARIANT_TOKENS // max(tokens, 1)))
    spans, aside = phrases(text, most), set_aside(text)
    variants = [text, *(without(text, [span]) for span in spans)]
    scores = score([*variants, *([without(text, aside)] if aside else [])])  # (v, l)
    odds = log_odds(scores)
    last = len(variants)
    return {
        label: Carried(
            phrases=tuple(
                Phrase(
                    span=span,
                    weight=float(odds[0, column] - odds[place, column]),
                    score_without=float(scores[place, column]),
                )
                for place, span in enumerate(spans, start=1)
            ),
            aside=float(odds[0, column] - odds[last, column]) if aside else 0.0,
        )
        for label, column in labels.items()
    }


def by_terms(text: str, labels: Mapping[str, int], model: LinearModel) -> dict[str, Carried]:
    """What each phrase carried in the linear model: weights times TF-IDF, which is exact.

    All phrases, `aside` (here every other word too) and the label's score for a text without
    words add up to its log-odds. A pair of words counts half for the phrase of each.
    """
    spans, places = phrases(text, MOST_VARIANTS), word_places(text)
    homes = [_home(start, spans) for _, start in places]
    used = _terms_with_homes([word for word, _ in places], homes)
    counts = Counter(term for term, _ in used)
    found: dict[str, Carried] = {}
    for label, column in labels.items():
        added = model.contributions(text, column)
        weights = [0.0] * (len(spans) + 1)
        for term, at in used:
            for home in at:
                weights[home] += added.get(term, 0.0) / (counts[term] * len(at))
        told = zip(spans, weights, strict=False)
        found[label] = Carried(
            phrases=tuple(Phrase(span=span, weight=weight) for span, weight in told),
            aside=weights[-1],
        )
    return found


def by_keywords(text: str, labels: Mapping[str, int], model: KeywordModel) -> dict[str, Carried]:
    """The phrases of the label list that stand in the text, each with weight 1."""
    matched = model.matches(text)
    return {
        label: Carried(
            phrases=tuple(
                Phrase(span=Span(start=start, end=end), weight=1.0)
                for hit, start, end in matched
                if hit == column
            )
        )
        for label, column in labels.items()
    }


def log_odds(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """log(p / (1 - p)) of scores p in [0, 1], of the same shape, finite at both ends."""
    p = np.clip(scores.astype(np.float64), _SMALLEST, 1 - _SMALLEST)
    return np.asarray(np.log(p) - np.log1p(-p))


def _home(start: int, spans: Sequence[Span]) -> int:
    """Which span a character stands in; one past the last where none holds it."""
    place = bisect_right(spans, start, key=lambda span: span.start) - 1
    return place if place >= 0 and start < spans[place].end else len(spans)


def _terms_with_homes(
    words: Sequence[str], homes: Sequence[int]
) -> list[tuple[str, tuple[int, ...]]]:
    """Each occurrence of a word and of a pair of neighbours, with the homes of its words."""
    single = [(word, (home,)) for word, home in zip(words, homes, strict=True)]
    pairs = [(f"{a} {b}", (m, n)) for (a, m), (b, n) in pairwise(zip(words, homes, strict=True))]
    return [*single, *pairs]
