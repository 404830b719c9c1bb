"""What a worker counted since it started; reported in its row, exposed by the web's /metrics."""

import threading
from collections import Counter
from collections.abc import Iterable

from core.measures import BY_NAME, PLAIN, SUM


class Counters:
    """Totals of `core.measures` by key, safe to add to from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: Counter[str] = Counter(dict.fromkeys(PLAIN, 0))

    def add(self, **amounts: float) -> None:
        """Adds to some totals without labels."""
        with self._lock:
            for name, amount in amounts.items():
                self._totals[name] += amount  # type: ignore[assignment]

    def tally(self, name: str, *values: str) -> None:
        """Adds one to the total for these values of a measure's labels."""
        with self._lock:
            self._totals[BY_NAME[name].key(*values)] += 1

    def observe(self, name: str, amounts: Iterable[float]) -> None:
        """Puts amounts, none below 0, into the buckets of a histogram."""
        measure = BY_NAME[name]
        with self._lock:
            for amount in amounts:
                self._totals[measure.bucket(amount)] += 1
                self._totals[measure.key(SUM)] += amount  # type: ignore[assignment]

    def totals(self) -> dict[str, float]:
        """A copy of all totals."""
        with self._lock:
            return {name: round(total, 6) for name, total in self._totals.items()}
