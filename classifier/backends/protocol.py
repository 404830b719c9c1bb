"""What a backend is, and how one is made and read. Shapes: b tickets, t tokens, f features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer

Ids = NDArray[np.int64]
FOLDER = "backend"  # of an artifact: where the files of its backends are


class Backend(Protocol):
    """Computes features of padded chunks: as many rows, in the same order.

    Several threads may ask at once.
    """

    @property
    def precision(self) -> str:
        """Its number format, in a word."""

    def features(self, input_ids: Ids, attention_mask: Ids) -> NDArray[np.float32]:
        """Pooled hidden states (b, f); ids and mask (b, t), 1 for tokens and 0 for padding.

        Raises:
            Permanent: the library failed.
        """


class Load(Protocol):
    """Reads what `Build` wrote."""

    def __call__(self, files: Mapping[str, bytes], lanes: int) -> Backend:
        """Makes it ready.

        Args:
            files: content by name; verified.
            lanes: threads that ask at once, each answered by one core; 0 for every core.

        Raises:
            Permanent: the library is not installed, or cannot read them.
        """


class Build(Protocol):
    """Writes a backend's files."""

    def __call__(
        self, model: MultilabelTransformer, token_ids: Sequence[Sequence[int]], folder: Path
    ) -> None:
        """Converts a network.

        Args:
            model: on the CPU, in float32 and in evaluation mode; left as it is.
            token_ids: texts by which ranges of numbers are chosen, where the format needs it.
            folder: where the files go.

        Raises:
            Permanent: a library that converts is not installed, or refuses the network.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of backend.

    Attributes:
        files: names of what it consists of.
        extra: what has to be installed for it.
        load: see `Load`.
        build: see `Build`.
    """

    files: tuple[str, ...]
    extra: str
    load: Load
    build: Build
