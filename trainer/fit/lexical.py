"""Fits the network's lexical branch: which n-grams it knows and what they say.

Shapes: b tickets, v n-grams, l labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from classifier.lexical import NOTHING, LexicalBranch, ngram_keys, weigh
from classifier.transformer import padded
from trainer.fit.widespread import widespread

MAX_TERMS = 200_000
# The table is as large as terms times labels; 64 MiB of float32.
MAX_WEIGHTS = 16 * 1024 * 1024
MIN_TEXTS = 2
_ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ngrams:
    """What the branch looks for.

    Attributes:
        keys: as `classifier.lexical.ngram_keys` writes them, ascending, int64 (v).
        idf: float32 (v).
    """

    keys: NDArray[np.int64]
    idf: NDArray[np.float32]

    @classmethod
    def of(
        cls, token_ids: Sequence[Sequence[int]], labels: int, writers: Sequence[str]
    ) -> "Ngrams":
        """The n-grams that are widespread; of too many, those that stand in the most texts."""
        keys, texts = np.unique(_flat_keys(token_ids), return_counts=True)
        frequent = np.flatnonzero((texts >= MIN_TEXTS) & (keys != NOTHING))
        room = min(MAX_TERMS, MAX_WEIGHTS // labels)
        kept = np.sort(frequent[np.argsort(-texts[frequent], kind="stable")[:room]])
        idf = np.log((1 + len(token_ids)) / (1 + texts[kept])) + 1
        found = cls(keys=keys[kept], idf=idf.astype(np.float32))
        allowed = widespread(found.matrix(token_ids), writers)
        return cls(keys=found.keys[allowed], idf=found.idf[allowed])

    def __len__(self) -> int:
        return len(self.keys)

    def matrix(self, token_ids: Sequence[Sequence[int]]) -> csr_matrix:
        """TF-IDF as the branch computes it, shape (b, v)."""
        known, idf = torch.from_numpy(self.keys), torch.from_numpy(self.idf)
        rows, columns, values = [], [], []
        for first, keys in _keys(token_ids):
            places, weights = weigh(keys, known, idf)  # (rows, n)
            at = weights.nonzero(as_tuple=True)
            rows.append(at[0].numpy() + first)
            columns.append(places[at].numpy())
            values.append(weights[at].numpy())
        where = (np.concatenate(rows), np.concatenate(columns))
        return csr_matrix((np.concatenate(values), where), shape=(len(token_ids), len(self)))

    def branch(self, weight: NDArray[np.float32]) -> LexicalBranch:
        """The branch with fitted weights (v, l)."""
        branch = LexicalBranch(*weight.shape)
        branch.keys.copy_(torch.from_numpy(self.keys))
        branch.idf.copy_(torch.from_numpy(self.idf))
        branch.weight.data.copy_(torch.from_numpy(weight))
        return branch


def _keys(token_ids: Sequence[Sequence[int]]) -> list[tuple[int, torch.Tensor]]:
    """N-gram keys of some texts at a time, each with the number of its first text."""
    return [
        (first, ngram_keys(*padded(token_ids[first : first + _ROWS_AT_ONCE], 0, "cpu")))
        for first in range(0, len(token_ids), _ROWS_AT_ONCE)
    ]


def _flat_keys(token_ids: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    return np.concatenate([keys.numpy().ravel() for _, keys in _keys(token_ids)])
