import numpy as np
from numpy.typing import NDArray

from classifier.scoring import Thresholds
from trainer.drift.audit import Audited
from trainer.drift.findings import Finding, Severity, Signal
from trainer.drift.limits import Limits
from trainer.drift.quality_watch import watch_audit, watch_quality

LABELS = ("easy", "harder")


def _scores(seed: int, sureness: float) -> NDArray[np.float64]:
    """Shape (1500, 2); the second label's scores are as sure as asked for, up to 1."""
    chance = np.random.default_rng(seed)
    there = chance.random((1500, 2)) < 0.3
    sure = np.where(there, 0.95, 0.02)
    return np.asarray(0.3 + (sure - 0.3) * np.array([1.0, sureness]))


def _watched(before: NDArray[np.float64], now: NDArray[np.float64]) -> dict[str, Finding]:
    found = watch_quality(before, now, Thresholds.uniform(LABELS, 0.4), Limits())
    return {finding.label or finding.signal: finding for finding in found}


def test_a_label_that_became_harder_is_expected_to_be_worse_and_the_other_is_not() -> None:
    found = _watched(_scores(0, 1.0), _scores(1, 0.5))
    assert found["harder"].severity is Severity.ALERT
    assert found["easy"].severity is Severity.QUIET
    assert found[Signal.ESTIMATED_MICRO_F1].severity is Severity.ALERT
    assert found[Signal.ESTIMATED_MACRO_F1].severity is Severity.ALERT
    assert found["harder"].sentence.startswith("F1 of harder is expected to be 0.")


def test_getting_better_is_no_drift() -> None:
    found = _watched(_scores(0, 0.5), _scores(1, 1.0))
    assert {finding.severity for finding in found.values()} == {Severity.QUIET}
    assert found["harder"].value < 0


def _audit(right: int, of: int) -> Audited:
    return Audited(right=(np.arange(of) < right).astype(float), inclusion=np.full(of, 0.05))


def test_a_fall_that_a_small_audit_cannot_prove_is_quiet() -> None:
    assert watch_audit(_audit(54, 60), _audit(50, 60), Limits()).severity is Severity.QUIET
    assert watch_audit(_audit(540, 600), _audit(500, 600), Limits()).severity is Severity.ALERT


def test_an_audit_that_is_too_small_is_said_to_be() -> None:
    found = watch_audit(_audit(600, 600), _audit(0, 49), Limits())
    assert found.severity is Severity.TOO_FEW
    assert "49 tickets" in found.sentence
