"""The promises of the sequential tests, drawn many times with a look after every outcome."""

from collections.abc import Callable
from math import log, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from trainer.trials.evidence import Array, bets, more_often, upper_rate

_ALPHA = 0.05
_RISK = 0.025


def _drawn(chance: np.random.Generator, rate: float | Array, n: int) -> NDArray[np.bool_]:
    made: NDArray[np.bool_] = chance.random(n) < rate
    return made


def _alarms(path_of: Callable[[np.random.Generator], Array], streams: int, needed: float) -> float:
    """Share of streams whose e-value ever reaches what is needed."""
    chance = np.random.default_rng(7)
    highest = [float(path_of(chance).max(initial=0.0)) for _ in range(streams)]
    return sum(log_e >= log(needed) for log_e in highest) / streams


def _most(streams: int) -> float:
    """Alpha and three standard errors of its estimate."""
    return _ALPHA + 3 * sqrt(_ALPHA * (1 - _ALPHA) / streams)


@pytest.mark.parametrize("rate", [0.5, 0.4])
def test_a_sign_test_looked_at_after_every_pair_rarely_calls_an_equal_version_worse(
    rate: float,
) -> None:
    path = lambda chance: bets(_drawn(chance, rate, 500), 0.5)  # noqa: E731
    assert _alarms(path, 200, 1 / _ALPHA) <= _most(200)


@pytest.mark.parametrize(("share", "rate"), [(0.1, 0.15), (0.5, 0.4), (0.9, 0.05)])
def test_a_canary_no_worse_is_rarely_called_worse_however_often_one_looks(
    share: float, rate: float
) -> None:
    def path(chance: np.random.Generator) -> Array:
        return more_often(_drawn(chance, share, 1000), _drawn(chance, rate, 1000))

    assert _alarms(path, 200, 1 / _ALPHA) <= _most(200)


@pytest.mark.parametrize("judged", [30, 250, 1000])
def test_a_version_no_worse_passes_its_probation_however_often_one_looks(judged: int) -> None:
    def path(chance: np.random.Generator) -> Array:
        bound = upper_rate(_drawn(chance, 0.1, judged), risk=_RISK)
        return bets(_drawn(chance, 0.1, 500), bound)

    assert _alarms(path, 200, 1 / _RISK) <= _most(200)


def test_the_expectation_of_a_block_is_at_most_one_whatever_the_true_rates() -> None:
    """All outcomes of a block of three and one, weighed by their chance."""
    first = np.array([False, False, False, True])
    for other, tried in [(0.1, 0.1), (0.3, 0.3), (0.5, 0.2), (0.9, 0.9), (0.1, 0.05)]:
        rates = np.where(first, tried, other)
        mean = 0.0
        for code in range(16):
            happened = np.array([bool(code >> place & 1) for place in range(4)])
            chance = float(np.prod(np.where(happened, rates, 1 - rates)))
            mean += chance * float(np.exp(more_often(first, happened)[-1]))
        assert mean <= 1 + 1e-9


def test_a_canary_overruled_in_30_percent_against_10_is_found_within_110_of_its_tickets() -> None:
    def path(chance: np.random.Generator) -> Array:
        first = _drawn(chance, 0.1, 1100)
        return more_often(first, _drawn(chance, np.where(first, 0.3, 0.1), 1100))

    assert _alarms(path, 200, 1 / _ALPHA) >= 0.9


def test_a_version_overruled_in_30_percent_after_10_is_found_within_130_tickets() -> None:
    def path(chance: np.random.Generator) -> Array:
        bound = upper_rate(_drawn(chance, 0.1, 500), risk=_RISK)
        return bets(_drawn(chance, 0.3, 130), bound)

    assert _alarms(path, 200, 1 / _RISK) >= 0.9


def test_a_version_that_loses_3_of_4_differing_tickets_is_found_within_60() -> None:
    path = lambda chance: bets(_drawn(chance, 0.75, 60), 0.5)  # noqa: E731
    assert _alarms(path, 200, 1 / _ALPHA) >= 0.9


def test_nothing_judged_before_lets_nothing_be_called_worse() -> None:
    bound = upper_rate(np.zeros(0, dtype=bool), risk=_RISK)
    assert bets(np.ones(50, dtype=bool), bound).max() <= 0


def test_an_old_rate_of_one_is_a_bound_too() -> None:
    assert upper_rate(np.ones(30, dtype=bool), risk=_RISK) == 1.0


def test_the_bound_of_a_rate_is_where_so_few_would_be_that_rare() -> None:
    happened = np.array([True] * 3 + [False] * 37)
    assert binom.cdf(3, 40, upper_rate(happened, risk=_RISK)) == pytest.approx(_RISK)


def test_without_any_of_one_group_a_canary_says_nothing() -> None:
    assert not len(more_often(np.ones(9, dtype=bool), np.ones(9, dtype=bool)))
    assert not len(bets(np.zeros(0, dtype=bool), 0.5))
