"""The cores of a CPU side by side: each computes texts of its own, and none waits for another.

Threads within one matrix product wait for the slowest of them, a hundred times a chunk; where
other work wants a core too, all of them stand still with it.
"""

import os
import threading
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing.pool import ThreadPool

import numpy as np
import torch
from numpy.typing import NDArray

TokenIds = Sequence[Sequence[int]]
Rows = NDArray[np.float32]


def side_by_side(
    compute: Callable[[TokenIds], Rows], token_ids: TokenIds, costs: Sequence[int], *, lanes: int
) -> Rows:
    """What `compute` makes of texts, in their order; each lane has about as many tokens.

    Args:
        compute: token ids of texts to one row each.
        token_ids: of b texts, b >= 1.
        costs: of each text, in tokens.
        lanes: threads of one core each.

    Raises:
        Whatever `compute` raises.
    """
    if lanes == 1:
        return compute(token_ids)
    parts = shares(costs, lanes)
    found = _pool(lanes).map(compute, [[token_ids[row] for row in part] for part in parts], 1)
    rows = np.empty((len(token_ids), found[0].shape[1]), dtype=np.float32)
    for part, own in zip(parts, found, strict=True):
        rows[part] = own
    return rows


def shares(costs: Sequence[int], count: int) -> list[list[int]]:
    """Which texts each of `count` lanes takes: texts of like length, about equal in tokens."""
    cost = np.maximum(np.asarray(costs), 1)
    order = np.argsort(cost, kind="stable")
    middles = np.cumsum(cost[order]) - cost[order] / 2
    lane = (middles * count / cost.sum()).astype(int)
    parts = (order[lane == number].tolist() for number in range(count))
    return [part for part in parts if part]


@cache
def _pool(lanes: int) -> ThreadPool:
    """Threads in each of which torch takes one core; other threads keep what they have."""
    usual, ready = torch.get_num_threads(), threading.Barrier(lanes + 1)

    def begin() -> None:
        torch.get_num_threads()  # else this thread would take over what was set last, later
        torch.set_num_threads(1)
        ready.wait()

    pool = ThreadPool(lanes, begin)
    ready.wait()
    torch.set_num_threads(usual)  # torch gives new threads what was set last
    os.register_at_fork(after_in_child=_pool.cache_clear)
    return pool
