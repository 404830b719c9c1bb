"""Which texts say nearly the same, so that none of them judges a model that learned another.

Shapes: b texts.
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

# Two texts that share seven tenths of their four-word runs are one text edited. Broder, "On the
# resemblance and containment of documents" (1997), takes runs of four and MinHash to find them.
SIMILARITY = 0.7
RUN_WORDS = 4
PERMUTATIONS = 64


def groups(texts: Sequence[str], keys: Sequence[Iterable[Hashable]] = ()) -> NDArray[np.int64]:
    """The number of each text's group, shape (b): rows that must stay together.

    Texts are together when they are near duplicates or share a key, or are linked by others that
    do.

    Args:
        texts: b of them.
        keys: for each text what else ties it to others, such as its customer; none if empty.
    """
    links = [*_similar(texts), *_sharing(keys)]
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(texts),) * 2)
    numbers: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return numbers


def _similar(texts: Sequence[str]) -> Iterable[tuple[int, int]]:
    index = MinHashLSH(threshold=SIMILARITY, num_perm=PERMUTATIONS)
    sketches = MinHash.bulk([_runs(text) for text in texts], num_perm=PERMUTATIONS)
    for row, sketch in enumerate(sketches):
        yield from ((row, other) for other in index.query(sketch))
        index.insert(row, sketch)


def _runs(text: str) -> list[bytes]:
    words = text.lower().split()
    count = max(1, len(words) - RUN_WORDS + 1)
    return [" ".join(words[start : start + RUN_WORDS]).encode() for start in range(count)]


def _sharing(keys: Sequence[Iterable[Hashable]]) -> Iterable[tuple[int, int]]:
    first: dict[Hashable, int] = {}
    for row, mine in enumerate(keys):
        yield from ((row, first.setdefault(key, row)) for key in mine)
