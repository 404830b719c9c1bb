import numpy as np
import pytest

from store.models.trial_evidence import Judged, Pair
from trainer.trials.judge import Finding, Ruling, Terms, judge_canary, judge_probation, judge_shadow

TERMS = Terms(
    alpha=0.05,
    shadow_tickets=60,
    canary_tickets=60,
    probation_tickets=100,
    reference_tickets=1000,
)


def _pairs(won: int, lost: int, both: int) -> list[Pair]:
    made = [
        *[Pair(candidate=True, active=False)] * won,
        *[Pair(candidate=False, active=True)] * lost,
        *[Pair(candidate=True, active=True)] * both,
    ]
    return [made[n] for n in np.random.default_rng(5).permutation(len(made))]


def _judged(version: str, overruled: int, confirmed: int) -> list[Judged]:
    """Overruled ones spread evenly, each an hour after its decision, a day ago."""
    total = overruled + confirmed
    marks = [(n + 1) * overruled // total > n * overruled // total for n in range(total)]
    return [
        Judged(version=version, overruled=mark, delay_s=3600.0, age_s=86400.0) for mark in marks
    ]


@pytest.mark.parametrize(
    ("pairs", "ruling"),
    [
        (_pairs(0, 0, 0), Ruling.CONTINUE),
        (_pairs(5, 5, 30), Ruling.CONTINUE),
        (_pairs(10, 10, 50), Ruling.ENOUGH),
        (_pairs(2, 20, 10), Ruling.WORSE),
        (_pairs(20, 2, 10), Ruling.BETTER),
        (_pairs(2, 20, 100), Ruling.WORSE),
    ],
)
def test_a_shadow_is_judged_by_the_tickets_on_which_only_one_was_right(
    pairs: list[Pair], ruling: Ruling
) -> None:
    assert judge_shadow(pairs, TERMS).ruling is ruling


def test_a_finding_says_in_words_what_was_counted() -> None:
    found = judge_shadow(_pairs(3, 7, 10), TERMS)
    assert "20 judged tickets" in found.sentence
    assert "was 3 times and the active one 7 times" in found.sentence
    assert (found.judged, found.rate, found.against_rate) == (20, 0.35, 0.15)


def _canary(new: tuple[int, int], old: tuple[int, int]) -> Finding:
    tried, others = _judged("new", *new), _judged("old", *old)
    every = max(1, len(others) // max(1, len(tried)))
    mixed = []
    for n, entry in enumerate(tried):
        mixed += [*others[n * every : (n + 1) * every], entry]
    return judge_canary([*mixed, *others[len(tried) * every :]], "new", TERMS)


@pytest.mark.parametrize(
    ("new", "old", "ruling"),
    [
        ((0, 0), (10, 90), Ruling.CONTINUE),
        ((4, 36), (40, 360), Ruling.CONTINUE),
        ((6, 54), (60, 540), Ruling.ENOUGH),
        ((30, 30), (60, 540), Ruling.WORSE),
        ((0, 55), (200, 300), Ruling.BETTER),
    ],
)
def test_a_canary_is_judged_against_the_other_tickets_of_its_time(
    new: tuple[int, int], old: tuple[int, int], ruling: Ruling
) -> None:
    assert _canary(new, old).ruling is ruling


@pytest.mark.parametrize(
    ("now", "before", "ruling"),
    [
        ((9, 81), (50, 450), Ruling.CONTINUE),
        ((10, 90), (50, 450), Ruling.ENOUGH),
        ((40, 50), (50, 450), Ruling.WORSE),
        ((90, 10), (0, 0), Ruling.ENOUGH),
    ],
)
def test_a_probation_is_judged_by_what_the_version_before_was_overruled(
    now: tuple[int, int], before: tuple[int, int], ruling: Ruling
) -> None:
    found = judge_probation(_judged("new", *now), _judged("old", *before), TERMS)
    assert found.ruling is ruling


def test_a_probation_with_nothing_to_compare_with_says_so() -> None:
    found = judge_probation(_judged("new", 9, 1), [], TERMS)
    assert "cannot be called worse" in found.sentence
    assert found.against_rate is None


def _hasty(version: str, chance: np.random.Generator, n: int, oldest_s: float) -> list[Judged]:
    """What is known of decisions when the first is so old: complaints come at once, and
    confirmations when tickets are closed a day or two later."""
    is_fast = chance.random(n) < 0.6
    delays = np.where(is_fast, chance.uniform(60, 3600, n), chance.uniform(90_000, 200_000, n))
    overruled = chance.random(n) < np.where(is_fast, 0.4, 0.02)
    known = zip(overruled.tolist(), delays.tolist(), chance.uniform(0, oldest_s, n), strict=True)
    return [
        Judged(version=version, overruled=is_overruled, delay_s=delay_s, age_s=age_s)
        for is_overruled, delay_s, age_s in known
        if delay_s <= age_s
    ]


def test_a_young_version_is_not_called_worse_because_complaints_come_before_confirmations() -> None:
    chance = np.random.default_rng(3)
    looks = [
        judge_probation(
            _hasty("new", chance, 400, hours * 3600), _hasty("old", chance, 900, 1e6), TERMS
        )
        for hours in (2, 6, 24, 48) * 15
    ]
    assert sum(look.judged > 100 for look in looks) > 30
    assert sum(look.ruling is Ruling.WORSE for look in looks) <= 5


def test_an_endless_slaughter_is_still_a_number() -> None:
    assert judge_shadow(_pairs(0, 5000, 0), TERMS).worse == 1e9
