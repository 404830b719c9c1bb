from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.types import Rung
from tests.factories.scorers import FakeScorer
from tests.factories.values import a_claim
from worker.batching import Work
from worker.counters import Counters
from worker.results import Results
from worker.scorers import ScorerVersions


@dataclass(frozen=True, kw_only=True)
class Noting(FakeScorer):
    """Gives each text a row of its own and keeps what it was asked."""

    asked: list[str] = field(default_factory=list)

    def score(self, items: Sequence[Any]) -> NDArray[np.float32]:
        self.fails(items)
        self.asked.extend(items)
        return np.array([[len(text) / 100, 0.5] for text in items], dtype=np.float32)


def _works(*texts: str) -> list[Work]:
    return [Work(claim=a_claim(f"t-{n}"), text=t, item=t) for n, t in enumerate(texts)]


def _score(results: Results, scorer: Noting, *texts: str) -> list[float]:
    return [round(float(x), 2) for x in results.score(_works(*texts), scorer)[:, 0]]


def test_a_storm_of_equal_tickets_goes_through_the_device_once_and_is_counted() -> None:
    counters, scorer = Counters(), Noting()
    results = Results(10, counters)
    assert _score(results, scorer, "aaa", "b", "aaa", "aaa") == [0.03, 0.01, 0.03, 0.03]
    assert _score(results, scorer, "cc", "aaa") == [0.02, 0.03]
    assert scorer.asked == ["aaa", "b", "cc"]
    assert counters.totals()["tickets_known"] == 3


@pytest.mark.parametrize(
    "other",
    [
        {"versions": ScorerVersions(model="m2", calibration="c")},
        {"versions": ScorerVersions(model="m", calibration="c2")},
        {"rung": Rung.LINEAR},
    ],
    ids=["another model", "another calibration", "another rung"],
)
def test_what_another_scorer_said_does_not_count(other: dict[str, Any]) -> None:
    results, scorer = Results(10, Counters()), Noting()
    _score(results, scorer, "a")
    changed = replace(scorer, asked=[], **other)
    _score(results, changed, "a")
    assert changed.asked == ["a"]


def test_no_more_rows_are_remembered_than_was_said_and_the_unused_go_first() -> None:
    results, scorer = Results(2, Counters()), Noting()
    for text in ("a", "b", "a", "c", "a", "b"):
        _score(results, scorer, text)
    assert scorer.asked == ["a", "b", "c", "b"]


def test_nothing_is_remembered_of_keyword_rules_or_when_it_is_switched_off() -> None:
    unversioned = Noting(versions=ScorerVersions(), rung=Rung.KEYWORDS)
    for results, scorer in (
        (Results(10, Counters()), unversioned),
        (Results(0, Counters()), Noting()),
    ):
        _score(results, scorer, "a", "a")
        assert scorer.asked == ["a", "a"]


def test_nothing_is_remembered_of_texts_that_the_scorer_failed_on() -> None:
    def fail(texts: Sequence[str]) -> None:
        if "poison" in texts:
            raise ValueError

    results, scorer = Results(10, Counters()), Noting(fails=fail)
    with pytest.raises(ValueError):
        _score(results, scorer, "a", "poison")
    _score(results, scorer, "a")
    assert scorer.asked == ["a"]
