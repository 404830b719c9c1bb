"""What follows from a try: when to try again, when to give up, when to spare an endpoint.

Pure functions; times are seconds.
"""

from dataclasses import dataclass
from enum import StrEnum

from helpdesks.receiving import Outcome, Status
from store.delivery.deliveries import Standing

DELAYS_S = (5.0, 30.0, 120.0, 300.0, 600.0)
"""Before the second to sixth attempt; the first is made at once."""
EVERY_S = 900.0
"""Before each further one."""
JITTER = 0.2
OPENS_AFTER = 5
"""Failures in a row after which a single request at a time tries the endpoint."""
_LONGEST_WISH_S = 86_400.0


class Fate(StrEnum):
    """What becomes of a delivery."""

    ARRIVED = "arrived"
    AGAIN = "again"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a delivery is tried, and an endpoint that only fails is borne with."""

    retry_s: float
    pause_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do.

    Attributes:
        fate: of the delivery.
        in_s: when it is tried again; 0 unless it is.
        open_s: for how long the endpoint is left alone; 0 for not.
        pauses: whether a person must let the endpoint go on.
        disables: whether the endpoint is gone.
        is_failure: whether the endpoint failed, rather than answered yes or no.
    """

    fate: Fate
    in_s: float = 0.0
    open_s: float = 0.0
    pauses: bool = False
    disables: bool = False
    is_failure: bool = True


def delay_s(failures: int, luck: float) -> float:
    """The wait after so many failures (at least 1), spread by 20 %; `luck` is in [0, 1)."""
    planned = DELAYS_S[failures - 1] if failures <= len(DELAYS_S) else EVERY_S
    return planned * (1 + JITTER * (2 * luck - 1))


def next_step(outcome: Outcome, now: Standing, patience: Patience, *, luck: float) -> Step:
    """What follows from an outcome.

    Args:
        outcome: of this attempt.
        now: how the delivery and its endpoint stand, this attempt counted in `attempts` alone.
        patience: for how long to try.
        luck: of the jitter, in [0, 1).
    """
    if outcome.status is Status.DELIVERED:
        return Step(fate=Fate.ARRIVED, is_failure=False)
    if outcome.status is Status.REFUSED:
        return Step(fate=Fate.GIVEN_UP, is_failure=False)
    if outcome.status is Status.GONE:
        return Step(fate=Fate.GIVEN_UP, disables=True)
    wish_s = min(outcome.retry_after_s or 0.0, _LONGEST_WISH_S)
    open_s = _open_s(now.failures + 1, wish_s, luck)
    pauses = now.failing_s >= patience.pause_s
    if now.tried_s >= patience.retry_s and not pauses:
        return Step(fate=Fate.GIVEN_UP, open_s=open_s)
    in_s = max(delay_s(now.attempts, luck), wish_s)
    return Step(fate=Fate.AGAIN, in_s=in_s, open_s=open_s, pauses=pauses)


def _open_s(failures: int, wish_s: float, luck: float) -> float:
    """For how long the breaker is open after so many failures of an endpoint in a row."""
    over = failures - OPENS_AFTER
    return max(delay_s(over + 1, luck) if over >= 0 else 0.0, wish_s)
