import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.scoring import Thresholds
from trainer.drift.findings import Finding, Severity, Signal
from trainer.drift.label_watch import corrected, watch_labels
from trainer.drift.limits import Limits
from trainer.drift.rates import psi_movement

LABELS = ("kept", "moved")


def _watched(before: NDArray[np.float64], now: NDArray[np.float64]) -> list[Finding]:
    return list(watch_labels(before, now, Thresholds.uniform(LABELS), Limits()))


def _scores(seed: int, often: float) -> NDArray[np.float64]:
    """Scores near 0 and 1, shape (2000, 2); the second label is there for a share of the rows."""
    chance = np.random.default_rng(seed)
    there = chance.random((2000, 2)) < np.array([0.2, often])
    return np.where(there, chance.beta(9, 1, there.shape), chance.beta(1, 9, there.shape))


def test_only_the_label_that_moved_is_named_and_by_every_signal() -> None:
    findings = _watched(_scores(0, often=0.2), _scores(1, often=0.6))
    assert len(findings) == 8
    alerts = [f for f in findings if f.severity is Severity.ALERT]
    assert {f.label for f in alerts} == {"moved"}
    assert {f.signal for f in alerts} == {
        Signal.PREDICTED_RATE,
        Signal.ESTIMATED_SHARE,
        Signal.SCORE_PSI,
        Signal.SCORE_JS,
    }


def test_a_sentence_says_from_what_to_what() -> None:
    findings = _watched(_scores(0, often=0.2), _scores(1, often=0.6))
    moved = next(f for f in findings if f.label == "moved")
    assert moved.reference is not None
    assert moved.current is not None
    figures = f"{moved.reference:.1%} of the tickets and now is for {moved.current:.1%}"
    assert moved.sentence == f"moved was predicted for {figures}."
    assert (moved.reference, moved.current) == pytest.approx((0.2, 0.6), abs=0.05)


def test_a_rate_that_fell_to_a_third_alerts_as_one_that_tripled() -> None:
    rose = _watched(_scores(0, often=0.05), _scores(1, often=0.15))
    fell = _watched(_scores(1, often=0.15), _scores(0, often=0.05))
    values = [next(f.value for f in findings if f.label == "moved") for findings in (rose, fell)]
    assert values[0] > 2
    assert abs(values[0] - values[1]) < 1e-9


def test_false_findings_do_not_grow_with_the_number_of_labels() -> None:
    chance, alone, together = np.random.default_rng(7), 0, 0
    for _ in range(40):
        before, now = (chance.beta(1, 4, (300, 100)) for _ in range(2))
        p_values = psi_movement(before, now).p_value
        alone += bool((p_values < 0.05).any())
        together += bool((corrected(p_values) < 0.05).any())
    assert alone > 35
    assert together <= 6


def test_a_correction_never_makes_a_finding_surer() -> None:
    p_values = np.array([0.001, 0.2, 0.04, 0.9])
    assert (corrected(p_values) >= p_values).all()
    assert corrected(np.zeros(0)).shape == (0,)
