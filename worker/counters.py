"""What a worker counted since it started; reported in its row, exposed by the web's /metrics."""

import threading
from collections import Counter

NAMES = (
    "messages",
    "tickets_announced",
    "batches",
    "tickets_claimed",
    "chunks",
    "tokens",
    "padded_tokens",
    "truncated_texts",
    "tickets_scored",
    "tickets_decided",
    "tickets_fenced",
    "tickets_quarantined",
    "tickets_refused",
    "shadow_decided",
    "shadow_skipped",
    "shadow_failed",
    "explanations_made",
    "explanations_failed",
    "claim_seconds",
    "encode_seconds",
    "device_seconds",
    "store_seconds",
)
"""Every counter there is: counts, and seconds of work in each stage."""


class Counters:
    """Totals by name, safe to add to from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: Counter[str] = Counter(dict.fromkeys(NAMES, 0))

    def add(self, **amounts: float) -> None:
        """Adds to some totals."""
        with self._lock:
            for name, amount in amounts.items():
                self._totals[name] += amount  # type: ignore[assignment]

    def totals(self) -> dict[str, float]:
        """A copy of all totals."""
        with self._lock:
            return {name: round(total, 6) for name, total in self._totals.items()}
