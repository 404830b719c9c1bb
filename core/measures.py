"""What workers measure of themselves: every name, its kind and its words.

Workers write totals into their row and the web process shows them, so both read this list, and so
does docs/reference/metrics.md. A measure with labels has a total for each combination of values.
"""

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Final

SUM: Final = "sum"
_APART: Final = "|"

# From a claim out of memory to a ticket that waited through an outage; in seconds.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
# A short ticket alone to the largest chunk that `POINTSMAN_CHUNK_TOKENS` is likely to allow.
_TOKENS = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)


class Kind(StrEnum):
    """As Prometheus calls it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One of them.

    Attributes:
        name: without prefix and unit endings of Prometheus.
        kind: counters and histograms only grow while the process lives.
        words: one sentence for people.
        labels: names of what it is told apart by, beside the worker.
        bounds: upper ends of a histogram's buckets, ascending; each includes its end.
    """

    name: str
    kind: Kind
    words: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    def key(self, *values: str) -> str:
        """Where a worker's row keeps the total for these values of the labels."""
        return _APART.join((self.name, *values))

    def values_of(self, key: str) -> tuple[str, ...] | None:
        """The values in a key; None when it belongs to another measure."""
        name, *values = key.split(_APART, max(len(self.labels), 1))
        return tuple(values) if name == self.name and len(values) == len(self.labels) else None

    def bucket(self, amount: float) -> str:
        """The key of the bucket that an amount falls into."""
        place = bisect_left(self.bounds, amount)
        return self.key("+Inf" if place == len(self.bounds) else _end(self.bounds[place]))

    def buckets(self, totals: dict[str, float]) -> list[tuple[str, float]]:
        """Each bucket's end with the count up to it, as Prometheus wants them."""
        ends = [*map(_end, self.bounds), "+Inf"]
        counts = accumulate(totals.get(self.key(end), 0) for end in ends)
        return list(zip(ends, counts, strict=True))


def _end(bound: float) -> str:
    return str(float(bound))


def _count(name: str, words: str, *labels: str) -> Measure:
    return Measure(name=name, kind=Kind.COUNTER, words=words, labels=labels)


def _gauge(name: str, words: str, *labels: str) -> Measure:
    return Measure(name=name, kind=Kind.GAUGE, words=words, labels=labels)


def _spread(name: str, words: str, bounds: tuple[float, ...] = _SECONDS) -> Measure:
    return Measure(name=name, kind=Kind.HISTOGRAM, words=words, bounds=bounds)


MEASURES: Final = (
    _count("messages", "Messages taken from Redis."),
    _count("tickets_announced", "Tickets that messages named or carried."),
    _count("batches", "Times that tickets were claimed."),
    _count("tickets_claimed", "Tickets claimed; again for each further claim."),
    _count("chunks", "Chunks that went through the device."),
    _count("tokens", "Tokens of all chunks, without padding."),
    _count("padded_tokens", "Tokens of all chunks with every text padded to the longest."),
    _count("truncated_texts", "Texts longer than the network reads."),
    _count("tickets_known", "Tickets whose scores were at hand, since their text came before."),
    _count("tickets_scored", "Tickets that came back from the device."),
    _count("tickets_decided", "Decisions stored."),
    _count("tickets_fenced", "Decisions dropped, since another worker had the ticket by then."),
    _count("tickets_quarantined", "Tickets given to manual triage with an error."),
    _count("tickets_refused", "Tickets of messages that were refused and kept as dead letters."),
    _count("tickets_of_incidents", "Tickets like those of an open incident when decided."),
    _count("shadow_decided", "Tickets that a version on trial decided for comparison."),
    _count("shadow_skipped", "Tickets that a version on trial left out, since there was work."),
    _count("shadow_failed", "Tickets that a version on trial failed on."),
    _count("explanations_made", "Explanations made."),
    _count("explanations_failed", "Explanations that failed."),
    _count("claim_seconds", "Time in which the claiming thread asked the database."),
    _count("encode_seconds", "Time in which texts were tokenized."),
    _count("device_seconds", "Time in which the device had a chunk; its rate is the busy share."),
    _count("store_seconds", "Time in which decisions were made and stored."),
    _count("decisions", "Decisions by rung and reason.", "rung", "reason"),
    _count("decided_labels", "Decisions that predicted a label.", "label"),
    _count("decided_departments", "Decisions for a primary department.", "department"),
    _spread("ticket_wait_seconds", "From when a ticket could be claimed to its claim."),
    _spread("ticket_decision_seconds", "From when a ticket could be claimed to its decision."),
    _spread("batch_encode_seconds", "Tokenizing what was claimed together."),
    _spread("chunk_device_seconds", "One chunk on the device."),
    _spread("store_round_seconds", "Deciding and storing what waited together."),
    _spread("chunk_size_tokens", "Padded tokens of one chunk.", _TOKENS),
    _gauge(
        "device_memory_bytes",
        "Memory of a CUDA device: held by tensors, held by torch, and all there is.",
        "what",
    ),
)
"""Every measure there is."""

BY_NAME: Final = {measure.name: measure for measure in MEASURES}
PLAIN: Final = tuple(m.name for m in MEASURES if m.kind is Kind.COUNTER and not m.labels)
"""Counters without labels; they start at nought."""
