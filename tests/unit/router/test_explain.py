import pytest

from core.types import Reason, Rung
from router.explain import rung_words, why


def test_a_rule_is_named() -> None:
    assert why("rule", "late-parcels") == "rule late-parcels"


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.RULE])
def test_every_other_reason_has_words(reason: Reason) -> None:
    assert " " in why(reason, None)


@pytest.mark.parametrize("rung", list(Rung))
def test_every_rung_has_words(rung: Rung) -> None:
    assert rung_words(rung)


def test_words_of_a_newer_version_are_shown_as_they_are() -> None:
    assert why("moonlight", None) == "moonlight"
    assert rung_words("oracle") == "oracle"
