"""What a trial has shown so far: a ruling with its numbers and a sentence. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from store.models.trial_evidence import Judged, Pair
from trainer.trials.evidence import Array, bets, more_often, upper_rate

_MOST = 1e9  # what JSON and people can still read


class Ruling(StrEnum):
    """What a trial says: go on, the version is better, enough was seen of it, it is worse."""

    CONTINUE = "continue"
    BETTER = "better"
    ENOUGH = "enough"
    WORSE = "worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When a trial is decided.

    Attributes:
        alpha: chance in (0, 1) that a version no worse than the other is ever called worse in one
            stage, however often one looks; the same for better.
        shadow_tickets: judged tickets of both after which a shadow has been watched enough.
        canary_tickets: judged tickets of each version after which a canary has been.
        probation_tickets: judged tickets after which a probation is over.
        reference_tickets: last judged tickets of the version before that a probation is held
            against.
    """

    alpha: float
    shadow_tickets: int
    canary_tickets: int
    probation_tickets: int
    reference_tickets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found.

    Attributes:
        judged: tickets that count towards the end of the stage.
        rate: share of them in which the version was wrong, in [0, 1]; None without any.
        against_rate: that of the other version.
        worse: highest e-value so far against "no worse"; from 1 / alpha on it is called worse.
        better: the same against "no better"; None where that is not asked.
        needed: what an e-value must reach.
        sentence: for people.
    """

    ruling: Ruling
    judged: int
    rate: float | None
    against_rate: float | None
    worse: float
    better: float | None
    needed: float
    sentence: str

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def judge_shadow(pairs: Sequence[Pair], terms: Terms) -> Finding:
    """Both versions on the same tickets: only those count where exactly one was right.

    A version that is wrong in 3 of 4 such tickets is found after 25 of them in half of all cases
    and after 55 in nine of ten (alpha 0.05, simulated).
    """
    apart = [pair for pair in pairs if pair.candidate != pair.active]
    lost = np.array([pair.active for pair in apart], dtype=bool)
    worse, better = _highest(bets(lost, 0.5)), _highest(bets(~lost, 0.5))
    needed = 1 / terms.alpha
    said = (
        f"{len(pairs)} judged tickets; where only one was right, the version on trial was "
        f"{len(apart) - int(lost.sum())} times and the active one {int(lost.sum())} times."
    )
    is_enough = len(pairs) >= terms.shadow_tickets
    return Finding(
        ruling=_ruling(worse, better, needed, is_enough=is_enough),
        judged=len(pairs),
        rate=_share([not pair.candidate for pair in pairs]),
        against_rate=_share([not pair.active for pair in pairs]),
        worse=worse,
        better=better,
        needed=needed,
        sentence=said,
    )


def judge_canary(judged: Sequence[Judged], version: str, terms: Terms) -> Finding:
    """Both versions on tickets dealt by chance: who is overruled more often.

    With a share of 0.1, overruled in 30 % against 10 %, a version is found after 40 of its own
    judged tickets in half of all cases and after 95 in nine of ten; with a share of 0.5 after 75
    and 165. 20 % against 10 % is found within 200 in two of three cases, 15 % in one of six
    (alpha 0.05, simulated).
    """
    first = np.array([entry.version == version for entry in judged], dtype=bool)
    overruled = np.array([entry.overruled for entry in judged], dtype=bool)
    worse, better = (_highest(more_often(group, overruled)) for group in (first, ~first))
    ours, theirs = overruled[first].tolist(), overruled[~first].tolist()
    needed = 1 / terms.alpha
    is_enough = min(len(ours), len(theirs)) >= terms.canary_tickets
    return Finding(
        ruling=_ruling(worse, better, needed, is_enough=is_enough),
        judged=len(ours),
        rate=_share(ours),
        against_rate=_share(theirs),
        worse=worse,
        better=better,
        needed=needed,
        sentence=f"Agents overruled {_of(ours)} of the version on trial and {_of(theirs)} of the "
        "other in the same time.",
    )


def judge_probation(judged: Sequence[Judged], before: Sequence[Judged], terms: Terms) -> Finding:
    """The version that serves against what the one before was overruled at most.

    What agents say at once is about wrong decisions more often than what they say when they close
    a ticket, and of a young version only the former is known. So on both sides only that counts
    which was said within the time that half of all words about the version before took, of
    decisions at least that old.

    Half of alpha is the chance that the bound on the old rate is wrong, half that of the e-value.
    Overruled in 30 % after 10 %, a version is found after 45 tickets that count in half of all
    cases and after 115 in nine of ten; in 20 %, within 500 in three of four (alpha 0.05, 500
    tickets that count before, simulated).

    Args:
        judged: decisions of the version since it serves.
        before: the last ones of the version before; without any, nothing can be called worse.
        terms: of the trial.
    """
    within_s = float(np.median([entry.delay_s for entry in before])) if before else None
    old, now = (_overruled_within(entries, within_s) for entries in (before, judged))
    bound = upper_rate(np.array(old, dtype=bool), risk=terms.alpha / 2)
    worse, needed = _highest(bets(np.array(now, dtype=bool), bound)), 2 / terms.alpha
    compared = (
        f"of the version before they had overruled {_of(old)}."
        if old
        else "nobody judged the version before, so this one cannot be called worse."
    )
    return Finding(
        ruling=_ruling(worse, 0.0, needed, is_enough=len(now) >= terms.probation_tickets),
        judged=len(now),
        rate=_share(now),
        against_rate=_share(old),
        worse=worse,
        better=None,
        needed=needed,
        sentence=f"Agents overruled {_of(now)} since it serves; {compared}",
    )


def _overruled_within(judged: Sequence[Judged], within_s: float | None) -> list[bool]:
    """Of decisions at least so old, what was said within the time; by age, oldest first."""
    counted = [x for x in judged if within_s is None or x.delay_s <= within_s <= x.age_s]
    return [x.overruled for x in sorted(counted, key=lambda x: -x.age_s)]


def _ruling(worse: float, better: float, needed: float, *, is_enough: bool) -> Ruling:
    if worse >= needed:
        return Ruling.WORSE
    if better >= needed:
        return Ruling.BETTER
    return Ruling.ENOUGH if is_enough else Ruling.CONTINUE


def _highest(path: Array) -> float:
    """The highest e-value that a path of logarithms came to, which Ville's bound speaks of."""
    return float(min(np.exp(min(path.max(initial=0.0), 700.0)), _MOST))


def _share(marks: Sequence[bool]) -> float | None:
    return sum(marks) / len(marks) if marks else None


def _of(marks: Sequence[bool]) -> str:
    share = f" ({sum(marks) / len(marks):.0%})" if marks else ""
    return f"{sum(marks)} of {len(marks)} judged decisions{share}"
