"""Broken promises, one each, to see that the check turns red.

Only the entry points in `tests.faults` read `FAULTS_MUTANT`; the product knows nothing of it.
(c) is a change of the schema and (h) another consumer: those are in `test_mutants`.
"""

import os
from collections.abc import Callable, Mapping

from tests.faults.mutants import breaks

_BY_NAME: Mapping[str, Callable[[], None]] = {
    "ack_before_commit": breaks.ack_before_commit,
    "no_fence": breaks.no_fence,
    "no_sweeper": breaks.no_sweeper,
    "worker_clock": breaks.worker_clock,
    "outbox_apart": breaks.outbox_apart,
    "no_hash": breaks.no_hash,
}


def mutate() -> None:
    """Applies the mutant that this process was started with, if any."""
    if name := os.environ.get("FAULTS_MUTANT"):
        _BY_NAME[name]()
