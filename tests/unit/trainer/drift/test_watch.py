import json
from pathlib import Path

import numpy as np
import pytest

from classifier.scoring import Thresholds
from core.errors import Invalid
from tests.factories.drifting import Pool, sample_pool
from trainer.drift.audit import Audited
from trainer.drift.findings import Finding, Severity, Signal, gravest, has_drifted
from trainer.drift.watch import watch
from trainer.drift.window import Window

_OF_TEXTS = (Signal.TEXT_DISTANCE, Signal.TEXT_AUC, Signal.NEW_TEXTS)
_SAMPLES = Path(__file__).parents[4] / "samples"


@pytest.fixture(scope="module")
def pool() -> Pool:
    return sample_pool(_SAMPLES)


def _watched(pool: Pool, before: Window, now: Window) -> tuple[Finding, ...]:
    return watch(before, now, pool.model.cutoffs)


def _alerts(findings: tuple[Finding, ...]) -> set[tuple[Signal, str | None]]:
    return {(f.signal, f.label) for f in findings if f.severity is Severity.ALERT}


def test_quiet_streams_hardly_ever_alert(pool: Pool) -> None:
    alerted = watched = 0
    for seed in range(40):
        windows = (pool.window(pool.draw(1000, seed + n), texts=False) for n in (0, 500))
        severity = gravest(_watched(pool, *windows))
        alerted += severity is Severity.ALERT
        watched += severity is Severity.WATCH
    # One in 300 and one in 80 by a longer measurement.
    assert alerted <= 1
    assert watched <= 3


def test_texts_from_one_stream_are_quiet(pool: Pool) -> None:
    for seed in range(5):
        windows = (pool.window(pool.draw(1000, seed + n)) for n in (0, 500))
        texts = [f for f in _watched(pool, *windows) if f.signal in _OF_TEXTS]
        assert [f.severity for f in texts] == [Severity.QUIET] * 3


@pytest.mark.parametrize("label", ["delivery", "login", "network", "payment", "return", "sync"])
def test_a_label_whose_share_tripled_alerts(pool: Pool, label: str) -> None:
    before = pool.window(pool.draw(1000, 1), texts=False)
    now = pool.window(pool.draw_tripled(label, 1000, 2), texts=False)
    findings = _watched(pool, before, now)
    assert (Signal.ESTIMATED_SHARE, label) in _alerts(findings)
    share = next(f for f in findings if (f.signal, f.label) == (Signal.ESTIMATED_SHARE, label))
    assert share.current is not None
    assert share.current > 2 * (share.reference or 0)


def test_another_language_mixed_in_alerts(pool: Pool) -> None:
    chance = np.random.default_rng(3)
    mixed = np.concatenate([pool.draw(850, 1), chance.choice(pool.foreign, 150)])
    findings = _watched(pool, pool.window(pool.draw(1000, 0)), pool.window(mixed))
    assert (Signal.NEW_TEXTS, None) in _alerts(findings)


def test_a_window_that_is_too_small_is_never_an_alert(pool: Pool) -> None:
    before, few = pool.window(pool.draw(1000, 0)), pool.window(pool.foreign)
    findings = _watched(pool, before, few)
    assert [f.severity for f in findings] == [Severity.TOO_FEW]
    assert not has_drifted(findings)
    assert "32 tickets" in findings[0].sentence
    assert _watched(pool, few, before)[0].sentence.startswith("The reference")


def test_everything_that_was_looked_at_is_in_the_answer_and_is_json(pool: Pool) -> None:
    findings = _watched(pool, *(pool.window(pool.draw(400, seed)) for seed in (0, 1)))
    labels = len(pool.corpus.labels)
    assert len(findings) == 3 + 4 * labels + 2 + labels
    text = json.dumps([finding.as_object() for finding in findings], allow_nan=False)
    assert len(json.loads(text)) == len(findings)
    assert all(finding.sentence.endswith(".") for finding in findings)


def test_tickets_that_became_harder_are_expected_to_be_answered_worse(pool: Pool) -> None:
    rows = pool.draw(1000, 0)
    blurred = Window(scores=0.5 * pool.scores[rows] + 0.05)
    findings = _watched(pool, pool.window(rows, texts=False), blurred)
    assert (Signal.ESTIMATED_MICRO_F1, None) in _alerts(findings)


def test_an_audit_that_found_more_mistakes_alerts() -> None:
    scores = np.random.default_rng(0).random((400, 2))
    before, now = (
        Window(
            scores=scores,
            audited=Audited(
                right=(np.arange(400) % 10 >= wrong).astype(float), inclusion=np.full(400, 0.1)
            ),
        )
        for wrong in (1, 4)
    )
    findings = watch(before, now, Thresholds.uniform(("a", "b")))
    assert _alerts(findings) == {(Signal.AUDITED_ACCURACY, None)}
    assert "60.0% of all decisions are right" in findings[-1].sentence


def test_a_small_audit_is_not_judged() -> None:
    small = Audited(right=np.zeros(10), inclusion=np.ones(10))
    window = Window(scores=np.full((400, 1), 0.5), audited=small)
    audit = watch(window, window, Thresholds.uniform(("a",)))[-1]
    assert (audit.signal, audit.severity) == (Signal.AUDITED_ACCURACY, Severity.TOO_FEW)


def test_scores_of_other_labels_are_refused() -> None:
    window = Window(scores=np.zeros((300, 2)))
    with pytest.raises(Invalid, match="reference"):
        watch(window, window, Thresholds.uniform(("a",)))
