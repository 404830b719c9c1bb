"""The labels of a model and their order, which every array with a label axis follows."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ArtifactInvalid, Invalid


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Unique label names in a fixed order; any unicode, case matters.

    Raises:
        Invalid: a name is empty or given twice, or there is none.
    """

    names: tuple[str, ...]
    index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {name: column for column, name in enumerate(self.names)}
        if not index or "" in index:
            raise Invalid("labels", "holds no name or an empty one", "name every label")
        if len(index) != len(self.names):
            twice = next(name for i, name in enumerate(self.names) if index[name] != i)
            raise Invalid("labels", f"names {twice!r} twice", "name each label once")
        object.__setattr__(self, "index", index)

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of_rows(cls, rows: Iterable[Iterable[str]]) -> "LabelSet":
        """The labels that occur in labelled rows, sorted by code point."""
        return cls(tuple(sorted({name for row in rows for name in row})))

    def binarise(self, rows: Sequence[Iterable[str]]) -> NDArray[np.uint8]:
        """Lists of names to an array of 0 and 1, shape (b, l).

        An empty list gives a row of zeros; a name given twice counts once.

        Raises:
            Invalid: names every unknown label.
        """
        unknown = sorted({name for row in rows for name in row if name not in self.index})
        if unknown:
            listed = ", ".join(repr(name) for name in unknown)
            raise Invalid("labels", f"holds unknown {listed}", "add it to the labels or remove it")
        marks = np.zeros((len(rows), len(self)), dtype=np.uint8)  # (b, l)
        for i, row in enumerate(rows):
            marks[i, [self.index[name] for name in row]] = 1
        return marks

    def names_in(self, marks: Sequence[Any] | NDArray[Any]) -> tuple[str, ...]:
        """The names whose entry in one row (l) is not 0, in label order."""
        return tuple(name for name, mark in zip(self.names, marks, strict=True) if mark)

    def save(self, path: Path) -> None:
        """Writes a JSON list of the names."""
        path.write_text(json.dumps(self.names, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def parse(cls, raw: bytes) -> "LabelSet":
        """Reads what `save` wrote.

        Raises:
            ArtifactInvalid: it is not a JSON list of unique names.
        """
        try:
            names = json.loads(raw)
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise ArtifactInvalid("labels.json is not a list of names")
            return cls(tuple(names))
        except (ValueError, Invalid) as error:
            raise ArtifactInvalid("labels.json holds no list of unique names") from error
