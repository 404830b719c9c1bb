import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.drift.findings import (
    Finding,
    Severity,
    Signal,
    gravest,
    has_drifted,
    in_words,
)


def _finding(severity: Severity) -> Finding:
    return Finding(
        signal=Signal.SCORE_PSI,
        label="refund",
        value=0.3,
        limit=0.25,
        reference_n=300,
        current_n=200,
        severity=severity,
        sentence="The scores of refund moved.",
    )


@given(st.lists(st.sampled_from(Severity)))
def test_only_an_alert_is_drift(severities: list[Severity]) -> None:
    findings = [_finding(severity) for severity in severities]
    assert has_drifted(findings) == (Severity.ALERT in severities)


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], Severity.QUIET),
        ([Severity.TOO_FEW], Severity.TOO_FEW),
        ([Severity.TOO_FEW, Severity.QUIET], Severity.QUIET),
        ([Severity.ALERT, Severity.WATCH], Severity.ALERT),
    ],
)
def test_the_gravest_finding_decides(severities: list[Severity], expected: Severity) -> None:
    assert gravest([_finding(severity) for severity in severities]) is expected


def test_a_finding_is_json_as_it_is() -> None:
    read = json.loads(json.dumps(_finding(Severity.WATCH).as_object()))
    assert (read["signal"], read["severity"], read["p_value"]) == ("score_psi", "watch", None)


def test_a_quiet_sentence_says_so() -> None:
    assert in_words("It moved", Severity.QUIET) == "It moved, within its limits."
    assert in_words("It moved", Severity.ALERT) == "It moved."
