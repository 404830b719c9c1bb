"""Tickets that no label fits, in groups that may each want a label of their own.

Groups come from HDBSCAN (Campello, Moulavi and Sander, "Density-based clustering based on
hierarchical density estimates", 2013), which leaves out what belongs to no group and needs no
number of groups. Each is named by the words that set it apart from the rest.

Shapes: b tickets, f features.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN
from sklearn.feature_extraction.text import TfidfVectorizer

_TERMS = 6
# A point joins its group at half of the density of the densest at least; looser ones are noise.
_SURE = 0.5
_EXAMPLES = 20
# What a single person says, such as a name or a number, is no term.
_LEAST_TICKETS_A_TERM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A group of tickets.

    Attributes:
        key: of its terms, the same for the same terms.
        terms: words that set it apart, most telling first.
        tickets: how many there are.
        examples: ids of those nearest to its middle, at most 20.
    """

    key: str
    terms: tuple[str, ...]
    tickets: int
    examples: tuple[str, ...]

    def as_object(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "terms": list(self.terms), "examples": list(self.examples)}


def gaps(
    ids: Sequence[UUID],
    texts: Sequence[str],
    features: NDArray[np.float32],
    *,
    least: int,
    said: Collection[frozenset[str]] = (),
) -> list[Gap]:
    """Groups of tickets, largest first; those that people dealt with are left out.

    Args:
        ids: of b tickets.
        texts: what they say.
        features: of the encoder, shape (b, f).
        least: tickets of a group, 2 or more.
        said: terms of groups that people dealt with; a group that shares half of its own is one.
    """
    if len(ids) < 2 * least:
        return []
    placed = _placed(features)
    fitted = HDBSCAN(min_cluster_size=least, copy=False).fit(placed)
    group = np.where(fitted.probabilities_ >= _SURE, fitted.labels_, -1)  # (b); -1 is none
    weights, words = _weights(texts)
    found = [
        _gap(ids, np.flatnonzero(group == number), placed, weights, words)
        for number in range(fitted.labels_.max(initial=-1) + 1)
    ]
    new = [gap for gap in found if gap.terms and gap.tickets >= least and not _is_known(gap, said)]
    return sorted(new, key=lambda gap: (-gap.tickets, gap.key))


def _placed(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Features less what all share, with length 1: by angle and not by length, shape (b, f)."""
    centred = features.astype(np.float64) - features.mean(axis=0)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(length, 1e-12))


def _weights(texts: Sequence[str]) -> tuple[Any, NDArray[np.str_]]:
    """Weight of each word in each text, sparse of shape (b, words), and the words."""
    vectorizer = TfidfVectorizer(
        stop_words="english",
        token_pattern=r"(?u)\b[^\W\d_]{3,}\b",  # noqa: S106  (no password)
        min_df=_LEAST_TICKETS_A_TERM,
        max_df=0.5,
        sublinear_tf=True,
    )
    try:
        weights = vectorizer.fit_transform(texts)
    except ValueError:  # no word is in so many texts
        return np.zeros((len(texts), 0)), np.array([], dtype=str)
    return weights, vectorizer.get_feature_names_out()


def _gap(
    ids: Sequence[UUID],
    rows: NDArray[np.intp],
    placed: NDArray[np.float64],
    weights: Any,
    words: NDArray[np.str_],
) -> Gap:
    inside = np.asarray(weights[rows].mean(axis=0)).ravel()
    lead = inside - np.asarray(weights.mean(axis=0)).ravel()
    best = [place for place in np.argsort(-lead, kind="stable")[:_TERMS] if lead[place] > 0]
    terms = tuple(str(words[place]) for place in best)
    near = rows[np.argsort(-(placed[rows] @ placed[rows].mean(axis=0)), kind="stable")]
    return Gap(
        key=hashlib.sha256(" ".join(sorted(terms)).encode()).hexdigest()[:12],
        terms=terms,
        tickets=len(rows),
        examples=tuple(str(ids[row]) for row in near[:_EXAMPLES]),
    )


def _is_known(gap: Gap, said: Collection[frozenset[str]]) -> bool:
    return any(2 * len(terms & set(gap.terms)) >= len(gap.terms) for terms in said)
