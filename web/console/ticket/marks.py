"""A ticket's text in pieces, each with the labels that it speaks for. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text; `labels` are the places, from 1, of the labels that it carried."""

    text: str
    labels: tuple[int, ...]


def marked(text: str, labels: Sequence[Mapping[str, Any]]) -> tuple[Piece, ...]:
    """The text from its first to its last character, cut where a phrase begins or ends.

    Args:
        text: in which the phrases are.
        labels: those of an explanation (`router.why`), each with its `phrases`; what spoke
            against a label is not marked.
    """
    spans = [
        (phrase["start"], phrase["end"], place)
        for place, label in enumerate(labels, start=1)
        for phrase in label["phrases"]
        if phrase["weight"] > 0
    ]
    cuts = sorted({0, len(text), *(x for start, end, _ in spans for x in (start, end))})
    pieces = []
    for start, end in pairwise(cuts):
        found = {place for low, high, place in spans if low <= start and end <= high}
        pieces.append(Piece(text=text[start:end], labels=tuple(sorted(found))))
    return tuple(pieces)
