"""The gate's sentences in the reader's language, from what the trainer keeps of its checks."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from classifier.scoring import Thresholds
from trainer.loop.gate import Contender, GateLimits, GateMode, judge
from trainer.measure.answers import Answers
from web.console.models.gate_words import WORDS, check_said, gate_said
from web.console.words import ENGLISH, catalogues

_GERMAN = "de"


def _contender(*, right: bool = True, labels: tuple[str, ...] = ("a", "b")) -> Contender:
    drawn = [np.random.default_rng(ord(label[0])).random(200) < 0.5 for label in labels]
    truth = np.column_stack(drawn).astype(np.uint8)
    predicted = truth if right else 1 - truth
    answers = Answers(
        truth=truth,
        predicted=predicted,
        scores=predicted.astype(np.float64),
        thresholds=Thresholds.uniform(labels),
    )
    return Contender(
        holdout=answers, newest=answers, linear=answers, latency_ms=1.0, memory_mb=100.0
    )


def _kept(candidate: Contender, champion: Contender | None, **limits: Any) -> dict[str, Any]:
    """What a database keeps of the outcome."""
    outcome = judge(candidate, champion, GateLimits(**limits), retired=["old"])
    against = None if champion is None else "aaaaaaaaaaa1"
    kept: dict[str, Any] = json.loads(json.dumps({**asdict(outcome), "against": against}))
    return kept


def _told(check: Mapping[str, Any], language: str) -> str:
    return check_said(check, words=catalogues()[language], language=language)


def _why(gate: Mapping[str, Any], language: str) -> str:
    return gate_said(gate, words=catalogues()[language], language=language)


def test_every_sentence_of_the_gate_is_told_in_every_language() -> None:
    slow = replace(_contender(right=False, labels=("a", "c")), latency_ms=2.0)
    gates = [
        _kept(slow, _contender(labels=("a", "b", "old"))),
        _kept(replace(slow, latency_ms=None, memory_mb=None), _contender()),
        _kept(_contender(), None),
    ]
    checks = [check for gate in gates for check in gate["checks"]]
    assert {check["code"] for check in checks} >= WORDS.keys() - {"new_label_unmeasured"}
    for check in checks:
        english, german = _told(check, ENGLISH), _told(check, _GERMAN)
        assert english != german
        assert check["values"].get("label", "") in german


def test_numbers_are_written_as_the_language_does() -> None:
    gate = _kept(_contender(right=False), _contender())
    [macro] = [each for each in gate["checks"] if each["code"] == "macro_f1_holdout"]
    assert "by -1.000 (90 % interval -1.000 to -1.000); a drop of up to 0.020" in _told(
        macro, ENGLISH
    )
    for figure in ("-1,000", "90 %", "0,020"):
        assert figure in _told(macro, _GERMAN)


@pytest.mark.parametrize("mode", GateMode)
def test_why_a_version_may_serve_is_told(mode: GateMode) -> None:
    gate = _kept(_contender(), _contender(), mode=mode)
    assert _why(gate, ENGLISH) == gate["reason"]
    sentences = [f"{each}." for each in gate["reason"].removesuffix(".").split(". ")]
    assert _why(gate, _GERMAN) == " ".join(map(catalogues()[_GERMAN].gettext, sentences))


def test_why_a_version_is_rejected_is_told_by_what_it_failed() -> None:
    gate = _kept(_contender(labels=("a",)), _contender())
    assert _why(gate, ENGLISH) == gate["reason"]
    failed = [each for each in gate["checks"] if each["required"] and not each["passed"]]
    assert _why(gate, _GERMAN) == " ".join(_told(each, _GERMAN) for each in failed)


def test_what_was_kept_before_codes_were_is_told_as_it_is() -> None:
    check = {"name": "label x", "passed": False, "required": True, "sentence": "It is worse."}
    assert _told(check, _GERMAN) == "It is worse."
    gate = {"decision": "rejected", "reason": "It is worse.", "checks": [check]}
    assert _why(gate, _GERMAN) == "It is worse."
    assert _why({"reason": "the data are the same"}, _GERMAN) == "the data are the same"
