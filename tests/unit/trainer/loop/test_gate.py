from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.scoring import Thresholds
from core.errors import Invalid
from trainer.loop.gate import Contender, GateDecision, GateLimits, GateMode, judge
from trainer.measure.answers import Answers
from trainer.measure.metrics import Marks

LABELS = ("a", "b", "c", "d", "e")
AUTO = GateLimits(mode=GateMode.AUTO)


def _answers(rows: int = 400, seed: int = 0, wrong: float = 0.1, positive: float = 0.3) -> Answers:
    """Answers with calibrated scores; a share of them is wrong."""
    chance = np.random.default_rng(seed)
    shape = (rows, len(LABELS))
    predicted = chance.random(shape) < positive
    truth = predicted ^ (chance.random(shape) < wrong)
    return Answers(
        truth=truth.astype(np.uint8),
        scores=np.where(predicted, 1 - wrong, wrong),
        predicted=predicted.astype(np.uint8),
        thresholds=Thresholds.uniform(LABELS),
    )


def _measured(answers: Answers, newest: Answers | None = None) -> Contender:
    return Contender(holdout=answers, newest=newest, latency_ms=5.0, memory_mb=300.0)


def _flipped(answers: Answers, label: int, share: float, seed: int = 0) -> Answers:
    flips = np.random.default_rng(seed).random(len(answers.truth)) < share
    predicted: Marks = answers.predicted.copy()
    predicted[flips, label] ^= 1
    return replace(answers, predicted=predicted)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 300), st.floats(0, 0.9))
def test_a_model_against_itself_always_passes(seed: int, rows: int, wrong: float) -> None:
    model = _measured(_answers(rows, seed, wrong), _answers(rows, seed + 1, wrong))
    outcome = judge(model, model, AUTO)
    assert outcome.decision is GateDecision.PROMOTED
    assert all(check.passed for check in outcome.checks)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(0, len(LABELS) - 1))
def test_a_model_that_gets_one_label_wrong_in_three_of_ten_is_rejected(
    seed: int, label: int
) -> None:
    champion = _answers(seed=seed)
    broken = _flipped(champion, label, 0.3, seed)
    outcome = judge(_measured(broken), _measured(champion), AUTO)
    assert outcome.decision is GateDecision.REJECTED
    failed = {check.name for check in outcome.checks if not check.passed}
    assert f"label {LABELS[label]}" in failed
    assert not any(f"label {other}" in failed for other in LABELS if other != LABELS[label])
    assert f"F1 of {LABELS[label]}" in outcome.reason


@settings(max_examples=15)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(seed: int, chance: np.random.Generator) -> None:
    champion = _answers(120, seed)
    candidate = _flipped(champion, 1, 0.1, seed)
    rows = np.random.default_rng(seed).permutation(120)
    straight = judge(_measured(candidate), _measured(champion), AUTO)
    shuffled = judge(_measured(candidate.take(rows)), _measured(champion.take(rows)), AUTO)
    assert straight == shuffled


def test_models_that_err_equally_often_on_other_tickets_pass_nearly_always() -> None:
    truth = _answers(1500).truth
    decisions = []
    for seed in range(20):
        chance = np.random.default_rng(seed)
        sides = [(truth ^ (chance.random(truth.shape) < 0.02)).astype(np.uint8) for _ in range(2)]
        models = [replace(_answers(1500), predicted=side) for side in sides]
        decisions.append(judge(_measured(models[0]), _measured(models[1]), AUTO).decision)
    assert decisions.count(GateDecision.REJECTED) <= 1


def test_a_person_has_the_last_word_in_manual_mode() -> None:
    model = _measured(_answers())
    outcome = judge(model, model, GateLimits(mode=GateMode.MANUAL))
    assert outcome.decision is GateDecision.WAITING
    assert str(outcome.decision) == "waiting for approval"


@pytest.mark.parametrize(
    ("mode", "decision"),
    [(GateMode.AUTO, GateDecision.PROMOTED), (GateMode.MANUAL, GateDecision.WAITING)],
)
def test_the_first_model_needs_no_champion(mode: GateMode, decision: GateDecision) -> None:
    outcome = judge(_measured(_answers()), None, GateLimits(mode=mode))
    assert outcome.decision is decision
    assert "No model serves yet" in outcome.reason


def test_a_drop_on_the_newest_tickets_rejects_where_there_are_enough_of_them() -> None:
    holdout, newest = _answers(seed=1), _answers(150, seed=2)
    worse = newest
    for label in range(len(LABELS)):
        worse = _flipped(worse, label, 0.3, label)
    candidate, champion = _measured(holdout, worse), _measured(holdout, newest)
    outcome = judge(candidate, champion, AUTO)
    assert [check.name for check in outcome.checks if not check.passed] == ["macro_f1 newest slice"]
    assert outcome.decision is GateDecision.REJECTED
    few = replace(AUTO, min_newest=151)
    assert judge(candidate, champion, few).decision is GateDecision.PROMOTED


def test_a_label_with_few_tickets_is_not_judged_alone() -> None:
    champion = _answers()
    broken = _flipped(champion, 0, 0.3)
    support = int(champion.truth[:, 0].sum())
    lenient = replace(AUTO, max_drop=0.5)
    names = [
        {c.name for c in judge(_measured(broken), _measured(champion), limits).checks}
        for limits in (
            replace(lenient, min_support=support),
            replace(lenient, min_support=support + 1),
        )
    ]
    assert "label a" in names[0] - names[1]


def test_worse_calibration_rejects_unless_the_champion_is_worse_still() -> None:
    good = _answers()
    bad = replace(good, scores=np.clip(good.scores + 0.3, 0, 1))
    assert judge(_measured(bad), _measured(good), AUTO).decision is GateDecision.REJECTED
    assert judge(_measured(bad), _measured(bad), AUTO).decision is GateDecision.PROMOTED


def test_a_slower_or_larger_model_is_rejected() -> None:
    champion = _measured(_answers())
    for candidate in (replace(champion, latency_ms=8.0), replace(champion, memory_mb=480.0)):
        outcome = judge(candidate, champion, AUTO)
        assert outcome.decision is GateDecision.REJECTED
        assert "1.60 times" in outcome.reason


def test_what_was_not_measured_is_a_warning() -> None:
    model = Contender(holdout=_answers())
    outcome = judge(model, model, AUTO)
    assert outcome.decision is GateDecision.PROMOTED
    assert {check.name for check in outcome.warnings} == {"latency", "memory"}


def test_a_linear_model_that_is_as_good_is_a_warning() -> None:
    model = replace(_measured(_answers()), linear=_answers())
    outcome = judge(model, model, AUTO)
    assert outcome.decision is GateDecision.PROMOTED
    assert [check.name for check in outcome.warnings] == ["linear baseline"]


def test_a_label_that_the_candidate_lost_rejects_unless_it_was_retired() -> None:
    champion = _answers()
    candidate = _measured(champion.only(LABELS[1:]))
    outcome = judge(candidate, _measured(champion), AUTO)
    assert outcome.decision is GateDecision.REJECTED
    assert outcome.reason == (
        "The candidate does not know a, which serves now; rules and people still use it."
    )
    outcome = judge(candidate, _measured(champion), AUTO, retired=["a"])
    assert outcome.decision is GateDecision.PROMOTED


def test_a_label_with_too_few_tickets_to_be_judged_cannot_be_lost_either() -> None:
    champion = _answers(10)
    outcome = judge(_measured(champion.only(LABELS[1:])), _measured(champion), AUTO)
    assert outcome.decision is GateDecision.REJECTED


def test_a_label_that_only_the_candidate_knows_is_told() -> None:
    candidate = _answers()
    outcome = judge(_measured(candidate), _measured(candidate.only(LABELS[1:])), AUTO)
    assert outcome.decision is GateDecision.PROMOTED
    [new] = [check for check in outcome.checks if check.name == "new label a"]
    assert not new.required
    assert new.value == pytest.approx(candidate.measure().per_label["a"].f1)
    assert f"on its {candidate.truth[:, 0].sum()} tickets" in new.sentence


def test_a_new_label_does_not_hide_what_the_others_lost() -> None:
    candidate = _flipped(_answers(), 1, 0.3)
    outcome = judge(_measured(candidate), _measured(_answers().only(LABELS[1:])), AUTO)
    assert outcome.decision is GateDecision.REJECTED
    assert "F1 of b" in outcome.reason


def test_the_order_of_labels_does_not_matter() -> None:
    answers = _answers()
    outcome = judge(_measured(answers.only(LABELS[::-1])), _measured(answers), AUTO)
    assert outcome.decision is GateDecision.PROMOTED
    assert all(check.passed for check in outcome.checks)


def test_models_without_a_common_label_are_compared_by_cost_alone() -> None:
    answers = _answers()
    candidate, champion = answers.only(LABELS[:2]), answers.only(LABELS[2:])
    outcome = judge(_measured(candidate), _measured(champion), AUTO, retired=LABELS[2:])
    assert outcome.decision is GateDecision.PROMOTED
    assert judge(_measured(candidate), _measured(champion), AUTO).decision is GateDecision.REJECTED


def test_other_rows_cannot_be_compared() -> None:
    with pytest.raises(Invalid, match="other rows"):
        judge(_measured(_answers(seed=1)), _measured(_answers(seed=2)), AUTO)
    with pytest.raises(Invalid, match="other rows"):
        judge(_measured(_answers(100)), _measured(_answers(101)), AUTO)
