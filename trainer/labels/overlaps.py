"""Labels that may mean the same: by what people exchange, what comes together, what is written."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from router.suggest import overlaps as exchanged

# Seven of ten tickets that have one of two labels have both.
_TOGETHER = 0.7
_LEAST_TOGETHER = 20
_ALIKE = 0.6
_LEAST_WORDS = 3
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two labels and one sign that they overlap.

    Attributes:
        sign: corrections, together or descriptions.
        value: corrections that exchanged them; or a share or likeness in [0, 1].
    """

    labels: tuple[str, str]
    sign: str
    value: float

    def as_object(self) -> dict[str, Any]:
        """As JSON has it; the key names the pair and the sign."""
        key = hashlib.sha256("\n".join((self.sign, *self.labels)).encode()).hexdigest()[:12]
        labels = list(self.labels)
        return {"key": key, "labels": labels, "sign": self.sign, "value": round(self.value, 3)}


def overlaps(
    *,
    descriptions: Mapping[str, str],
    sets: Iterable[Sequence[str]],
    changes: Iterable[tuple[Sequence[str], Sequence[str]]],
    least_corrections: int,
) -> list[Overlap]:
    """Pairs of labels in use, what people do before what is written, at most 20.

    Args:
        descriptions: by label in use.
        sets: labels of decisions.
        changes: labels before and after corrections.
        least_corrections: that exchanged two labels.
    """
    found = [
        *(
            Overlap(labels=each.labels, sign="corrections", value=each.corrections)
            for each in exchanged(changes, least=least_corrections)
        ),
        *_together(sets),
        *_alike(descriptions),
    ]
    return [each for each in found if descriptions.keys() >= set(each.labels)][:_MOST]


def _together(sets: Iterable[Sequence[str]]) -> Iterator[Overlap]:
    """By Jaccard's share, highest first."""
    single: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for labels in sets:
        single.update(labels)
        both.update(combinations(sorted(labels), 2))
    shares = {
        pair: count / (single[pair[0]] + single[pair[1]] - count)
        for pair, count in both.items()
        if count >= _LEAST_TOGETHER
    }
    for pair, share in sorted(shares.items(), key=lambda item: (-item[1], item[0])):
        if share >= _TOGETHER:
            yield Overlap(labels=pair, sign="together", value=share)


def _alike(descriptions: Mapping[str, str]) -> Iterator[Overlap]:
    """By the cosine of their words; a description of fewer than three words tells nothing."""
    told = {
        name: words for name, words in descriptions.items() if len(words.split()) >= _LEAST_WORDS
    }
    names = sorted(told)
    if len(names) < 2:
        return
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\w+")  # noqa: S106  (no password)
    rows = vectorizer.fit_transform([told[name] for name in names])
    likeness = (rows @ rows.T).toarray()
    pairs = (
        (float(likeness[a, b]), names[a], names[b]) for a, b in combinations(range(len(names)), 2)
    )
    for value, one, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        if value >= _ALIKE:
            yield Overlap(labels=(one, other), sign="descriptions", value=value)
