"""What lint finds, in the reader's language."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from router.conditions import Group, LabelPredicted, ScoreWithin
from router.lint import Finding, lint
from router.ruleset import Rule, Ruleset
from web.console.rules.findings import WORDS, problem, remedy
from web.console.words import catalogues

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_REFUND = LabelPredicted(label="refund")


def _rule(order: int, **changes: object) -> Rule:
    made = Rule(id=f"r{order}", order=order, primary="desk")
    return replace(made, **changes)  # type: ignore[arg-type]


def _everything_wrong() -> list[Finding]:
    low = ScoreWithin(label="refund", at_least=0.9, below=0.1)
    rules = (
        _rule(1, when=LabelPredicted(label="nowhere"), primary="nobody"),
        _rule(2, when=_REFUND, effective_to=_NOW),
        _rule(3, when=_REFUND),
        _rule(4, when=_REFUND),
        _rule(5, when=Group(kind="all", conditions=(_REFUND, low))),
        _rule(6),
        _rule(7, when=_REFUND, stop=True),
        _rule(8, stop=True),
        _rule(9),
    )
    return lint(
        Ruleset(default_department="%s", rules=rules),
        departments=["desk"],
        labels=["refund", "100 % free"],
        held=["refund"],
        now=_NOW,
    )


def test_every_kind_of_finding_is_said_in_english_as_the_linter_says_it() -> None:
    found = _everything_wrong()
    assert {each.code for each in found} == WORDS.keys()
    english = catalogues()["en"]
    for each in found:
        assert problem(each, words=english) == each.message
        assert remedy(each, words=english) == each.fix


@pytest.mark.parametrize("code", sorted(WORDS))
def test_and_in_german_with_the_same_names(code: str) -> None:
    [each, *_] = [each for each in _everything_wrong() if each.code == code]
    told = problem(each, words=catalogues()["de"]) + remedy(each, words=catalogues()["de"])
    assert told != each.message + each.fix
    assert all(name in told for name in each.about.values() if f"{name}" in each.message)
