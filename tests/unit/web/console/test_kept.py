"""Sentences that trainers, workers and rules keep, in the reader's language.

Those who write them write them here too, so that none can change its words alone.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from classifier.scoring import Thresholds
from core.types import RunState
from router.conditions import (
    DAYS,
    Condition,
    FieldIs,
    Group,
    HoursWithin,
    InEffect,
    LabelPredicted,
    MetadataIs,
    ScoreWithin,
    ShareUnder,
    TextContains,
    describe,
)
from router.run_words import _STAGES, progress_words, run_words
from store.models.training_runs import Since, TrainingRun
from store.models.trial_evidence import Judged, Pair
from trainer.drift.findings import Severity
from trainer.drift.limits import Limits
from trainer.drift.quality_watch import watch_quality
from trainer.loop.gate import Contender, GateLimits, judge
from trainer.loop.triggers import Policy, due
from trainer.measure.answers import Answers
from trainer.trials.judge import Terms, judge_canary, judge_probation, judge_shadow
from web.console import forms
from web.console.kept import conditions, effects, sentences
from web.console.words import ENGLISH, catalogues

_ROOT = Path(__file__).parents[4]
_WRITERS = (
    "trainer/loop/gate.py",
    "trainer/loop/runs.py",
    "trainer/loop/snapshot.py",
    "trainer/drift/label_watch.py",
    "trainer/drift/quality_watch.py",
    "trainer/drift/text_watch.py",
    "router/serving.py",
    "router/decide.py",
    "router/run_words.py",
    "store/models/trials.py",
    "web/api/models/schemas.py",
    "web/api/retrain/schemas.py",
    "worker/isolation.py",
    "worker/storing.py",
    "worker/deciding.py",
    "worker/explaining.py",
)
_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_GERMAN = catalogues()["de"]
_told = sentences(_GERMAN, "de")
_condition = conditions(_GERMAN, "de")
_effect = effects(_GERMAN, "de")


def _contender(*labels: str, right: bool = True, cost: float | None = 1.0) -> Contender:
    shares = [0.5 * (label != "rare") for label in labels]
    drawn = [np.random.default_rng(n).random(200) < share for n, share in enumerate(shares)]
    truth = np.column_stack(drawn).astype(np.uint8)
    predicted = truth if right else 1 - truth
    answers = Answers(
        truth=truth,
        predicted=predicted,
        scores=predicted.astype(np.float64),
        thresholds=Thresholds.uniform(labels),
    )
    kept = {"holdout": answers, "newest": answers, "linear": answers}
    return Contender(**kept, latency_ms=cost, memory_mb=cost)


def _gate() -> Iterator[str]:
    champion = _contender("a", "b", "old")
    for candidate, against in (
        (_contender("a", "c", "rare", right=False, cost=2.0), champion),
        (_contender("a", "b", cost=None), champion),
        (_contender("a", "b", "old"), champion),
        (_contender("a"), None),
    ):
        outcome = judge(candidate, against, GateLimits(), retired=["old"])
        yield outcome.reason
        yield from (check.sentence for check in outcome.checks)


def _run(**changes: object) -> TrainingRun:
    told = {"trigger": "manual", "reason": "", "requested_by": "kim", "token": 1, "snapshot_id": ""}
    ended = {"candidate": "aaaaaaaaaaa1", "outcome": None, "gate": None, "error": None}
    times = dict.fromkeys(("created_at", "started_at", "finished_at"), _NOW)
    fields = {"id": 4, "state": RunState.SUCCEEDED, "progress": {}, **told, **ended, **times}
    return TrainingRun(**{**fields, **changes})  # type: ignore[arg-type]


def _runs() -> Iterator[str]:
    yield run_words(_run(state=RunState.QUEUED))
    yield run_words(_run(state=RunState.FAILED))
    for outcome in ("promoted", "on trial", "waiting for approval", "rejected", "unchanged", "x"):
        yield run_words(_run(outcome=outcome))
    for stage in _STAGES:
        yield progress_words({"stage": stage})
    for left in (1.0, 30.0, 60.0, 600.0, 90_000.0):
        yield progress_words({"stage": "head", "fraction": 0.25, "eta_s": left})
    yield progress_words({"stage": "head", "fraction": 0.25})


def _triggers() -> Iterator[str]:
    policy = Policy(
        corrections=10,
        every=timedelta(hours=24),
        override_rate=0.3,
        override_tickets=20,
        on_drift=True,
    )
    for seen in (
        {"new_corrections": 12},
        {"judged": 20, "overruled": 7},
        {"drift_report": 3, "drift_alerts": 2},
        {"since": _NOW - timedelta(hours=30)},
        {"since": _NOW - timedelta(hours=30), "erasures": 2},
    ):
        quiet = {"judged": 0, "overruled": 0, "drift_report": None, "drift_alerts": 0}
        fields = {"now": _NOW, "last_run": 4, "since": _NOW, "new_corrections": 5, "erasures": 0}
        trigger = due(policy, Since(**{**fields, **quiet, **seen}))  # type: ignore[arg-type]
        assert trigger is not None
        yield trigger.reason


def _trials() -> Iterator[str]:
    terms = Terms(
        alpha=0.05,
        shadow_tickets=60,
        canary_tickets=60,
        probation_tickets=100,
        reference_tickets=100,
    )
    judged = [Judged(version=v, overruled=v == "a", delay_s=1.0, age_s=9.0) for v in "aabb"]
    yield judge_shadow([Pair(candidate=True, active=False)] * 3, terms).sentence
    yield judge_canary(judged, "a", terms).sentence
    yield judge_canary([], "a", terms).sentence
    yield judge_probation(judged, judged, terms).sentence
    yield judge_probation(judged, [], terms).sentence


def _drift() -> Iterator[str]:
    sure, unsure = np.tile([0.99, 0.01], (500, 1)), np.tile([0.6, 0.4], (500, 1))
    for found in watch_quality(sure, unsure, Thresholds.uniform(["a", "b"]), Limits()):
        if found.severity is not Severity.QUIET:
            yield found.sentence


def _conditions() -> Iterator[Condition]:
    yield LabelPredicted(label="refund")
    yield ScoreWithin(label="refund", at_least=0.5)
    yield ScoreWithin(label="refund", below=0.5)
    yield ScoreWithin(label="refund", at_least=0.25, below=0.5)
    for field in ("channel", "language", "customer", "priority"):
        yield FieldIs(field=field, values=("one", "two"))
    for part in ("subject", "body", "any"):
        yield TextContains(phrases=("my bill", "invoice"), part=part)
    yield HoursWithin(zone="Europe/Berlin", days=("mon", "sat"), start_minute=540)
    yield HoursWithin(zone="UTC", days=DAYS)
    yield ShareUnder(share=0.1)
    yield MetadataIs(key="plan", values=("gold",))
    yield MetadataIs(key="plan")
    yield MetadataIs(key="plan", exists=False)
    yield InEffect(start=_NOW)
    yield InEffect(end=_NOW)
    yield InEffect(start=_NOW, end=_NOW)
    inner = (LabelPredicted(label="a"), ShareUnder(share=0.1))
    yield Group(kind="none", conditions=inner)
    yield Group(kind="any", conditions=inner)
    yield Group(kind="all", conditions=inner)


_SAID = [
    *(each for of in (_gate, _runs, _triggers, _trials, _drift) for each in of()),
]


@pytest.mark.parametrize("said", sorted(set(_SAID)))
def test_what_is_kept_is_told_in_german(said: str) -> None:
    for piece in said.split(". "):
        assert _told(piece) != piece
    assert not {"judged", "tickets;", "serves", "left"} & set(_told(said).split())


@pytest.mark.parametrize("line", [describe(each) for each in _conditions()])
def test_a_condition_is_told_in_german(line: str) -> None:
    assert _condition(line) != line
    english = {"is", "or", "of", "under", "contains", "from"}
    assert not english & set(re.findall(r"\w+", _condition(line)))


def test_every_form_is_somebodys_words() -> None:
    """Those that no function above writes stand in the code of those who do."""
    written = [*_SAID, *map(describe, _conditions()), *DAYS]
    sentences_ = (*forms.GATE, *forms.RUNS, *forms.TRIALS, *forms.DRIFT, *forms.FAILURES)
    for form in (*sentences_, *forms.CONDITIONS, *forms.EFFECTS):
        assert _is_written(form, written), form


def _is_written(form: str, written: list[str]) -> bool:
    own = [part.replace("%%", "%") for part in re.split(r"%\(\w+\)s", form.removesuffix("."))]
    if any(all(part.casefold() in said.casefold() for part in own) for said in written):
        return True
    return all(part in _code() for part in own)


@cache
def _code() -> str:
    """The code of all writers, each text of several lines as one."""
    code = "\n".join((_ROOT / name).read_text(encoding="utf-8") for name in _WRITERS)
    return re.sub(r'"\s*\n\s*f?"', "", code)


def _german(form: str, **gaps: str) -> str:
    return _GERMAN.gettext(form) % gaps


def test_figures_are_written_as_the_language_does() -> None:
    gate = "changes by -0.040 (90% interval -0.060 to +0.010); a drop of up to 0.020 is allowed."
    told = _told(f"Macro-F1 on the holdout {gate}")
    for figure in ("-0,040", "90 %", "-0,060", "+0,010", "0,020"):
        assert figure in told
    drift = next(form for form in forms.DRIFT if "predicted" in form)
    filled = {"label": "3.5", "before": "11,0 %", "after": "32,5 %"}
    assert _told(drift % {"label": "3.5", "before": "11.0%", "after": "32.5%"}) == _german(
        drift, **filled
    )


def test_what_stands_in_a_gap_is_told_in_turn() -> None:
    left = _german("%(n)s minutes", n="2")
    form = "%(stage)s, %(share)s of this step, about %(left)s left in it."
    assert _told("Training the head, 25% of this step, about 2 minutes left in it.") == _german(
        form, stage=_german("training the head"), share="25 %", left=left
    )
    lost = _german("ended or lost its trainer %(n)s times", n="5")
    assert _told("Failed: Ended or lost its trainer 5 times. The active model serves on.") == (
        f"{_german('Failed: %(why)s', why=lost[0].upper() + lost[1:])}. "
        f"{_german('The active model serves on.')}"
    )


def test_what_people_and_libraries_wrote_stays_as_it_is() -> None:
    form = "the database refuses its decision: %(what)s"
    assert _told(form % {"what": "a minute"}) == _german(form, what="a minute")
    parts = [
        _german("channel is %(values)s", values=f"web {_GERMAN.gettext('or')} chat"),
        _german("score(%(label)s) >= %(least)s", label="It is", least="0,5"),
    ]
    told = _german("any of (%(parts)s)", parts="; ".join(parts))
    assert _condition("any of (channel is web or chat; score(It is) >= 0.5)") == told
    days = ", ".join(map(_german, ("Mon", "Tue")))
    form = "time is %(days)s %(clock)s to %(until)s in %(zone)s"
    assert _condition("time is mon, tue 09:00 to 18:00 in Europe/Berlin") == _german(
        form, days=days, clock="09:00", until="18:00", zone="Europe/Berlin"
    )
    done = [
        _german("primary %(department)s", department="a"),
        _german("added %(department)s", department="stopped"),
    ]
    assert _effect("primary a, added stopped") == ", ".join(done)


def test_english_is_told_as_it_is_kept() -> None:
    for said in _SAID:
        assert sentences(catalogues()[ENGLISH], ENGLISH)(said) == said


@pytest.mark.parametrize("kept", ["", "the new returns policy", "<b>%s</b> 50 % off.", "a\nb. c"])
def test_what_nobody_knows_is_told_as_it_is(kept: str) -> None:
    assert _told(kept) == kept
