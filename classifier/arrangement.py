"""How rows of raw scores become labels, for a model whose labels changed after its training.

A network in training has one row of its head for each label, and needs nothing of this. When a
label is renamed, merged or retired, the weights stay untouched and only what is read from their
outputs changes: so the scores of all other labels stay the same to the last bit, whatever the
device. Shapes: b tickets, r rows, l labels, k rows of the label that has most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from core.errors import ArtifactInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One row that speaks for a label: `scale * z + shift` of its raw score z, `scale` >= 0."""

    row: int
    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Which rows speak for which label; of several the highest counts.

    Attributes:
        sources: at least one for each label, in label order.
    """

    sources: tuple[tuple[Source, ...], ...]

    @classmethod
    def plain(cls, labels: int) -> "Arrangement":
        """A row for each label, as training leaves it."""
        return cls(sources=tuple((Source(row=row),) for row in range(labels)))

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Rows, scales and shifts, each (l, k); a label with fewer rows has its first again."""
        most = max(map(len, self.sources))
        filled = [[*own, *[own[0]] * (most - len(own))] for own in self.sources]
        rows = np.array([[source.row for source in own] for own in filled], dtype=np.int64)
        scales = np.array([[source.scale for source in own] for own in filled], dtype=np.float32)
        shifts = np.array([[source.shift for source in own] for own in filled], dtype=np.float32)
        return rows, scales, shifts

    def apply(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw scores of rows (b, r) to those of labels (b, l)."""
        rows, scales, shifts = self.arrays()
        highest: NDArray[np.float32] = (raw[:, rows] * scales + shifts).max(axis=2)
        return highest

    def of(self, labels: Sequence[int]) -> "Arrangement":
        """Some of the labels, by their places, in the order given."""
        return Arrangement(sources=tuple(self.sources[place] for place in labels))


_ARRANGEMENT: TypeAdapter[Arrangement] = TypeAdapter(Arrangement)


def parse_arrangement(raw: Any, *, labels: int, rows: int) -> Arrangement:
    """Reads what `dataclasses.asdict` gave, through JSON or not.

    Args:
        raw: decoded.
        labels: how many there must be.
        rows: how many there are to read from.

    Raises:
        ArtifactInvalid: it is damaged or speaks of other rows or labels.
    """
    try:
        found = _ARRANGEMENT.validate_python(raw)
    except ValidationError as error:
        raise ArtifactInvalid("the arrangement of labels is damaged") from error
    sources = [source for own in found.sources for source in own]
    numbers = [(source.scale, source.shift) for source in sources]
    if len(found.sources) != labels or not all(found.sources):
        raise ArtifactInvalid("the arrangement belongs to other labels")
    if not all(0 <= source.row < rows for source in sources) or not np.isfinite(numbers).all():
        raise ArtifactInvalid("the arrangement speaks of rows that there are not")
    return found
