"""Which terms a model may keep: those that at least two people wrote.

A model keeps its terms as words or as pairs of tokens, and an artifact never changes. So what one
customer alone says never enters one: whoever has all of their tickets erased leaves no word in the
models that learned from them. Nobody knows who wrote a ticket without a customer: there each
different text counts as somebody.

What it costs, by macro-F1 of the linear model on rows left out of the samples (480 tickets of 470
customers): .6486 against .6492; .6455 if they were of 48 customers with ten each.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

MIN_WRITERS = 2


def widespread(matrix: csr_matrix, writers: Sequence[str]) -> NDArray[np.bool_]:
    """Which columns at least `MIN_WRITERS` different writers use, shape (v).

    Args:
        matrix: anything but 0 where a text has a term, shape (b, v).
        writers: of the texts, b of them.
    """
    numbers = {writer: number for number, writer in enumerate(dict.fromkeys(writers))}
    rows = np.array([numbers[writer] for writer in writers])
    ones = np.ones(len(rows), dtype=np.int32)
    theirs = csr_matrix((ones, (rows, np.arange(len(rows)))), shape=(len(numbers), len(rows)))
    used: csr_matrix = theirs @ (matrix != 0).astype(np.int32)  # (writers, v)
    return np.asarray(used.getnnz(axis=0) >= MIN_WRITERS)
