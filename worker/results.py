"""What was scored just now: storms of equal tickets go through the device once.

A row of scores is known by the hash of its text and by everything that it depends on: rung, model
and calibration. Thresholds, levels and rules are applied afterwards, to every ticket anew, so that
a change of them counts at once. No text is kept, and nothing outlives the process.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.text import text_hash
from core.types import Rung
from worker.batching import Work
from worker.counters import Counters
from worker.scorers import Scorer, ScorerVersions

Row = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Key:
    """What a row of scores depends on."""

    text: bytes
    rung: Rung
    versions: ScorerVersions


class Results:
    """Scores works, each different text once while it is remembered; for one thread.

    Args:
        most: rows to remember; the one that was not asked for longest goes first; 0 for none.
        counters: what to count into.
    """

    def __init__(self, most: int, counters: Counters) -> None:
        self._most = most
        self._count = counters
        self._rows: OrderedDict[Key, Row] = OrderedDict()

    def score(self, works: Sequence[Work], scorer: Scorer) -> Row:
        """Scores in [0, 1] of some works, shape (b, l), in their order.

        Keyword rules have no version, so nothing is remembered of them.

        Raises:
            Exception: whatever the scorer raises; nothing of these works is remembered then.
        """
        if not self._most or scorer.versions.model is None:
            return scorer.score([work.item for work in works])
        keys = [_key(work, scorer) for work in works]
        found = {key: row for key in keys if (row := self._rows.get(key)) is not None}
        fresh = {key: work for key, work in zip(keys, works, strict=True) if key not in found}
        if fresh:
            rows = scorer.score([work.item for work in fresh.values()])
            found |= {key: row.copy() for key, row in zip(fresh, rows, strict=True)}
        self._remember(found)
        self._count.add(tickets_known=len(works) - len(fresh))
        return np.stack([found[key] for key in keys])

    def _remember(self, rows: dict[Key, Row]) -> None:
        for key, row in rows.items():
            self._rows[key] = row
            self._rows.move_to_end(key)
        while len(self._rows) > self._most:
            self._rows.popitem(last=False)


def _key(work: Work, scorer: Scorer) -> Key:
    return Key(text_hash(work.text), scorer.rung, scorer.versions)
