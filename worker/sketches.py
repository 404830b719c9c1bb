"""How alike texts are by the words that they share, in sketches small enough to keep for a while.

A sketch is a MinHash: two of them are equal in about the share of places that their texts share of
their pairs of words (Broder, "On the resemblance and containment of documents", 1997). Numbers
are all the same pair, since they are what differs between two reports of one fault. Nothing of a
text can be read out of a sketch.

Shapes: b texts, n sketches, p = 64 places.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

PLACES = 64
"""Similarity is known to within 0.06 (one standard error, at 0.5)."""
_WORDS_READ = 120
_LEAST_PAIRS = 6
# Four equal places in a row: likely from three quarters alike on, and one chance in 10,000 for
# texts that are one tenth alike.
_BAND = 4
_WORD = re.compile(r"\w+")

Sketches = NDArray[np.uint32]


def sketches(texts: Sequence[str]) -> list[bytes | None]:
    """Sketches of b texts by the beginning of each; None where it is too short to tell by."""
    pairs = [_pairs(text) for text in texts]
    told = (each for each in pairs if len(each) >= _LEAST_PAIRS)
    made = iter(MinHash.bulk(told, num_perm=PLACES, hashfunc=zlib.crc32))
    return [
        next(made).hashvalues.astype("<u4").tobytes() if len(each) >= _LEAST_PAIRS else None
        for each in pairs
    ]


def stacked(rows: Sequence[bytes]) -> Sketches:
    """Sketches below each other, shape (n, p)."""
    return np.frombuffer(b"".join(rows), dtype="<u4").reshape(-1, PLACES)


def alike(many: Sketches, one: Sketches) -> NDArray[np.float64]:
    """About how alike each of n texts is to one, in [0, 1]."""
    return np.asarray((many == one).mean(axis=1), dtype=np.float64)


def crowds(
    many: Sketches, similarity: float, *, most: int
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """A row and all that are alike to it, the most crowded first; no row is given twice.

    Args:
        many: shape (n, p).
        similarity: from which two are alike, in [0, 1].
        most: crowds looked at; what each costs grows with n.
    """
    company = _company(many)  # (n)
    for _ in range(most):
        if company.max(initial=0) < 2:
            return
        middle = int(company.argmax())
        rows = np.flatnonzero((alike(many, many[middle]) >= similarity) & (company > 0))
        company[rows] = 0
        yield middle, rows


def _company(many: Sketches) -> NDArray[np.intp]:
    """How many share a band with each row, itself included: the most over its bands, shape (n)."""
    most = np.zeros(len(many), dtype=np.intp)
    for start in range(0, PLACES, _BAND):
        band = np.ascontiguousarray(many[:, start : start + _BAND]).view(f"V{4 * _BAND}")[:, 0]
        _, place, count = np.unique(band, return_inverse=True, return_counts=True)
        most = np.maximum(most, count[place.ravel()])
    return most


def _pairs(text: str) -> set[bytes]:
    words = [
        "0" if any(map(str.isdigit, word)) else word
        for word, _ in zip(_found(text), range(_WORDS_READ), strict=False)
    ]
    return {f"{one} {two}".encode(errors="replace") for one, two in pairwise(words)}


def _found(text: str) -> Iterator[str]:
    return (match.group() for match in _WORD.finditer(text.lower()))
