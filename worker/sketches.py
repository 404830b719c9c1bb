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

import numpy as np
from numpy.typing import NDArray

PLACES = 64
"""Similarity is known to within 0.06 (one standard error, at 0.5)."""
_CHARACTERS_READ = 800
_LEAST_WORDS = 6
# Four equal places in a row: likely from three quarters alike on, and one chance in 10,000 for
# texts that are one tenth alike.
_BAND = 4
_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
# Any odd numbers; those that give a pair its number are of splitmix64 (Steele and others, 2014).
_OF_FIRST, _OF_PAIR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_DRAWN = np.random.default_rng(64).integers(2**32, size=(2, PLACES), dtype=np.uint32)
_OTHER_BITS, _FACTORS = _DRAWN[0], _DRAWN[1] | np.uint32(1)

Sketches = NDArray[np.uint32]


def sketches(texts: Sequence[str]) -> list[bytes | None]:
    """Sketches of b texts by the beginning of each; None where it is too short to tell by.

    Made for every ticket, so by hand: a library's takes four times as long for each.
    """
    return [_sketch(_words(text)) for text in texts]


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


def _sketch(words: Sequence[str]) -> bytes | None:
    if len(set(words)) < _LEAST_WORDS:
        return None
    pairs = _pairs(words)[:, np.newaxis]
    least: NDArray[np.uint32] = ((pairs ^ _OTHER_BITS) * _FACTORS).min(axis=0)
    return least.astype("<u4").tobytes()


def _pairs(words: Sequence[str]) -> NDArray[np.uint32]:
    """A number for each pair of neighbours, shape (len(words) - 1)."""
    numbers = (zlib.crc32(word.encode(errors="replace")) for word in words)
    each = np.fromiter(numbers, np.uint64, len(words))
    return (((each[:-1] * _OF_FIRST + each[1:]) * _OF_PAIR) >> np.uint64(32)).astype(np.uint32)


def _words(text: str) -> list[str]:
    return [
        "0" if not word.isalpha() and _DIGIT.search(word) else word
        for word in _WORD.findall(text[:_CHARACTERS_READ].lower())
    ]
