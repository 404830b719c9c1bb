"""How far a share that was seen in a sample may be from the one of all."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A share in [0, 1] with the bounds that hold the true one at some confidence."""

    value: float
    low: float
    high: float


def share_interval(part: int, of: int, confidence: float = 0.95) -> Interval | None:
    """The share of a plain random sample; None where the sample is empty."""
    if not of:
        return None
    low, high = wilson_interval(part / of, of, confidence)
    return Interval(value=part / of, low=low, high=high)


def wilson_interval(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Interval of a share in [0, 1] seen in n > 0 trials (Wilson, 1927).

    Unlike one of mean and standard error it keeps a width when every trial went one way.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2) / (1 + z**2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
