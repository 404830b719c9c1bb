"""Our worker with a model that costs nothing, or as much time as a device of some speed would take.

`python -m benchmarks.p4_worker`; `BENCH_DEVICE_TICKETS_PER_S` is that speed, unset for any.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.process import die_with_parent
from core.settings import load_settings
from core.telemetry import configure_logging
from core.types import Rung
from worker.app import Parts, Worker
from worker.ladder import Holds
from worker.scorers import Prepared, Scorer, ScorerVersions

SPEED = "BENCH_DEVICE_TICKETS_PER_S"
LABELS = ("delivery", "refund", "invoice", "hardware-fault", "login")
SCORES = (0.9, 0.2, 0.1, 0.1, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOpScorer:
    """The same scores for every text; it sleeps as long as a device would compute."""

    tickets_per_s: float = float("inf")
    rung: Rung = Rung.MODEL
    labels: tuple[str, ...] = LABELS
    thresholds: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(LABELS, 0.5))
    versions: ScorerVersions = field(default_factory=ScorerVersions)

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """Sixteen tokens a text."""
        return Prepared(items=list(texts), tokens=[16] * len(texts))

    def score(self, items: Sequence[Any]) -> NDArray[np.float32]:
        """The same row for each, shape (b, l)."""
        time.sleep(len(items) / self.tickets_per_s)
        return np.tile(np.array(SCORES, dtype=np.float32), (len(items), 1))


def no_op(_holds: Holds, **_: object) -> Scorer:
    """A ladder with one rung, which needs no processor."""
    return NoOpScorer(tickets_per_s=float(os.environ.get(SPEED, "inf")))


if __name__ == "__main__":
    settings = load_settings(device="cpu")
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    die_with_parent()
    Worker(settings, Parts(climb=no_op)).run()
