"""What made a scorer give a text its scores, as the JSON that doors read. Pure but for the scorer.

Labels are explained that count, and those that came near: at most eight, three at least.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.chunking import plan_chunks
from classifier.explain import Carried, Phrase, by_keywords, by_leaving_out, by_terms
from classifier.keywords import KeywordModel
from classifier.linear import LinearModel
from worker.deciding import rounded_scores
from worker.scorers import Scorer, TextScorer

MOST_LABELS, FEWEST_LABELS = 8, 3
_NEAR = 0.5  # of a label's threshold
_CHUNK_TOKENS = 1024  # short, since a ticket that arrives meanwhile waits for it
_YIELD_S = 0.001  # after each chunk: whoever waits for the network has it first
_WEIGHT_DIGITS, _SCORE_DIGITS = 4, 6


def explained(text: str, scorer: Scorer) -> dict[str, Any]:
    """Scores of all labels, and what carried those that matter.

    Args:
        text: what the scorer reads; not empty.
        scorer: of any rung.

    Returns:
        `method`; `scores` and `thresholds` by label; and under `labels` for each explained one
        its `phrases` (`start`, `end`, `weight`, `score_without`) and the weight set `aside`.
    """
    prepared = scorer.prepare([text])
    row = _scores(scorer, [text])[0]  # (l)
    scores = rounded_scores(scorer.labels, row.tolist())
    columns = {label: scorer.labels.index(label) for label in near(scores, scorer.thresholds)}
    method, carried = _carried(text, columns, scorer, tokens=prepared.tokens[0])
    return {
        "method": method,
        "scores": dict(scores),
        "thresholds": dict(scorer.thresholds),
        "labels": {label: _label_object(own) for label, own in carried.items()},
    }


def near(scores: Mapping[str, float], thresholds: Mapping[str, float]) -> list[str]:
    """The labels to explain, nearest to or furthest over their threshold first."""
    reach = {label: score / max(thresholds[label], 1e-6) for label, score in scores.items()}
    ranked = sorted(reach, key=lambda label: (-reach[label], label))
    counted = sum(reach[label] >= _NEAR for label in ranked)
    return ranked[: min(MOST_LABELS, max(FEWEST_LABELS, counted))]


def _carried(
    text: str, columns: Mapping[str, int], scorer: Scorer, *, tokens: int
) -> tuple[str, dict[str, Carried]]:
    model = scorer.model if isinstance(scorer, TextScorer) else None
    if isinstance(model, LinearModel):
        return "terms", by_terms(text, columns, model)
    if isinstance(model, KeywordModel):
        return "keywords", by_keywords(text, columns, model)
    found = by_leaving_out(text, columns, lambda texts: _scores(scorer, texts), tokens=tokens)
    return "leaving_out", found


def _scores(scorer: Scorer, texts: Sequence[str]) -> NDArray[np.float32]:
    """Scores (b, l) in the order of the texts, in short chunks."""
    prepared = scorer.prepare(texts)
    rows = np.zeros((len(texts), len(scorer.labels)), dtype=np.float32)
    for chunk in plan_chunks(prepared.tokens, _CHUNK_TOKENS):
        rows[chunk] = scorer.score([prepared.items[place] for place in chunk])
        time.sleep(_YIELD_S)
    return rows


def _label_object(carried: Carried) -> dict[str, Any]:
    return {
        "phrases": [_phrase_object(phrase) for phrase in carried.phrases],
        "aside": round(carried.aside, _WEIGHT_DIGITS),
    }


def _phrase_object(phrase: Phrase) -> dict[str, Any]:
    without = phrase.score_without
    return {
        "start": phrase.span.start,
        "end": phrase.span.end,
        "weight": round(phrase.weight, _WEIGHT_DIGITS),
        "score_without": None if without is None else round(without, _SCORE_DIGITS),
    }
