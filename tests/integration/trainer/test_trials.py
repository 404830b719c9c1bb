"""Trials on stored decisions and feedback: what is counted, what follows, and who acts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from classifier.artifacts import open_artifact
from core.errors import Invalid
from core.types import FeedbackKind, TrialStage
from router import serving
from store.engine import transaction
from store.feedback import corrections
from store.models import model_versions, trial_evidence, trials
from store.models.trial_evidence import Pair
from store.models.trials import Trial, TrialOutcome
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.models import register
from tests.factories.processes import Processes, wait_until
from tests.factories.tried import (
    confirm,
    decide_by,
    know_versions,
    let_an_hour_pass,
    overrule,
    say,
    shadow_by,
)
from trainer.trials import life
from trainer.trials.judge import Finding, Ruling, Terms

TERMS = Terms(
    alpha=0.05,
    shadow_tickets=40,
    canary_tickets=40,
    probation_tickets=60,
    reference_tickets=1000,
)
COURSE = life.Course(terms=TERMS, forward=True, share=0.25)
WAITING = life.Course(terms=TERMS, forward=False, share=0.25)


@pytest.fixture(autouse=True)
def versions(engine: Engine) -> None:
    """`old` serves, `new` is known."""
    know_versions(engine, "old", "new", "other")
    _activate(engine, "old")


def _activate(engine: Engine, version: str) -> None:
    transaction(engine, lambda c: model_versions.activate(c, version, actor="ops"))


def _begin(engine: Engine, stage: TrialStage) -> Trial:
    return transaction(
        engine,
        lambda c: trials.begin(c, version="new", against="old", stage=stage, actor="ops"),
    )


def _serve(engine: Engine) -> None:
    transaction(engine, lambda c: serving.serve(c, "new", actor="trainer"))


def _look(engine: Engine, course: life.Course = COURSE) -> Finding | None:
    return transaction(
        engine, lambda c: life.look(c, course, actor="trainer", opens=lambda _path: None)
    )


def _active(engine: Engine) -> str:
    found = transaction(engine, model_versions.active)
    assert found is not None
    return found.version


def _trials(engine: Engine) -> list[tuple[str, str | None]]:
    found = transaction(engine, lambda c: trials.newest(c, most=9))
    return [(trial.stage, trial.outcome) for trial in reversed(found)]


def _judged(engine: Engine, version: str, overruled: int, confirmed: int, prefix: str = "") -> None:
    """Decisions and what agents said of them, mixed."""
    made = decide_by(engine, version, overruled + confirmed, prefix=prefix or version)
    every = (overruled + confirmed) // overruled if overruled else 0
    wrong = made[::every][:overruled] if overruled else []
    overrule(engine, wrong)
    confirm(engine, [decision for decision in made if decision not in wrong])


def _probation(engine: Engine) -> None:
    """200 judged decisions of `old`, 5 % overruled, then `new` serves."""
    _judged(engine, "old", 10, 190)
    let_an_hour_pass(engine)
    _serve(engine)


def test_a_version_overruled_more_often_than_the_one_before_is_rolled_back(engine: Engine) -> None:
    _probation(engine)
    _judged(engine, "new", 20, 30)
    let_an_hour_pass(engine)
    found = _look(engine)
    assert found is not None
    assert found.ruling is Ruling.WORSE
    assert _active(engine) == "old"
    assert _trials(engine) == [(TrialStage.PROBATION, TrialOutcome.ROLLED_BACK)]
    with engine.connect() as connection:
        said = connection.execute(
            text("SELECT action FROM audit_log WHERE actor = 'trainer' ORDER BY id")
        ).scalars()
        assert list(said)[-2:] == ["trial.rolled_back", "model.activated"]
    [ended] = transaction(engine, lambda c: trials.newest(c, most=1))
    assert ended.reason == found.sentence
    assert "20 of 50" in found.sentence
    assert _look(engine) is None
    with pytest.raises(Invalid, match="none served before"):
        transaction(engine, lambda c: model_versions.rollback(c, actor="ops"))


def test_an_equal_version_stays_and_its_probation_passes(engine: Engine) -> None:
    _probation(engine)
    _judged(engine, "new", 2, 38)
    let_an_hour_pass(engine)
    found = _look(engine)
    assert found is not None
    assert found.ruling is Ruling.CONTINUE
    [waiting] = transaction(engine, lambda c: trials.newest(c, most=1))
    assert waiting.finding["sentence"] == found.sentence
    _judged(engine, "new", 1, 29, prefix="more")
    let_an_hour_pass(engine)
    _look(engine, WAITING)
    assert _active(engine) == "new"
    assert _trials(engine) == [(TrialStage.PROBATION, TrialOutcome.PASSED)]


def test_complaints_that_came_sooner_than_feedback_did_before_are_waited_with(
    engine: Engine,
) -> None:
    made = decide_by(engine, "old", 200)
    overrule(engine, made[:10])
    say(engine, made[10:], FeedbackKind.CONFIRMED, after_s=1800)
    let_an_hour_pass(engine)
    _serve(engine)
    overrule(engine, decide_by(engine, "new", 30))
    found = _look(engine)
    assert found is not None
    assert (found.ruling, found.judged) == (Ruling.CONTINUE, 0)
    let_an_hour_pass(engine)
    _look(engine)
    assert _active(engine) == "old"


def test_a_version_whose_forerunner_is_gone_serves_on(engine: Engine) -> None:
    _probation(engine)
    _judged(engine, "new", 20, 30)
    let_an_hour_pass(engine)
    transaction(engine, lambda c: life.look(c, COURSE, actor="trainer", opens=open_artifact))
    assert _active(engine) == "new"
    assert _trials(engine) == [(TrialStage.PROBATION, None)]


def test_two_trainers_that_look_at_once_roll_back_once(engine: Engine) -> None:
    _probation(engine)
    _judged(engine, "new", 20, 30)
    let_an_hour_pass(engine)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: _look(engine), range(4)))
    assert sum(each is not None for each in found) == 1
    assert _active(engine) == "old"
    with engine.connect() as connection:
        count = text("SELECT count(*) FROM audit_log WHERE action = 'trial.rolled_back'")
        assert connection.execute(count).scalar() == 1


def test_a_worse_canary_ends_and_the_active_version_decides_all(engine: Engine) -> None:
    _begin(engine, TrialStage.CANARY)
    for n in range(30):
        _judged(engine, "old", 0, 4, prefix=f"o{n}")
        _judged(engine, "new", n % 2, 1 - n % 2, prefix=f"n{n}")
    found = _look(engine)
    assert found is not None
    assert found.ruling is Ruling.WORSE
    assert _active(engine) == "old"
    assert _trials(engine) == [(TrialStage.CANARY, TrialOutcome.DISCARDED)]


def _equal_canary(engine: Engine) -> None:
    for n in range(10):
        _judged(engine, "old", 1, 9, prefix=f"o{n}")
        _judged(engine, "new", n % 2, 4 - n % 2, prefix=f"n{n}")


def test_a_canary_that_is_not_worse_serves_wholly_on_probation(engine: Engine) -> None:
    _begin(engine, TrialStage.CANARY)
    _equal_canary(engine)
    found = _look(engine)
    assert found is not None
    assert (found.ruling, found.judged) == (Ruling.ENOUGH, 40)
    assert _active(engine) == "new"
    assert _trials(engine) == [
        (TrialStage.CANARY, TrialOutcome.ADVANCED),
        (TrialStage.PROBATION, None),
    ]


def test_without_leave_to_go_forward_a_canary_waits_for_a_person(engine: Engine) -> None:
    _begin(engine, TrialStage.CANARY)
    _equal_canary(engine)
    found = _look(engine, WAITING)
    assert found is not None
    assert found.ruling is Ruling.ENOUGH
    assert _active(engine) == "old"
    assert _trials(engine) == [(TrialStage.CANARY, None)]


def _shadowed(engine: Engine, count: int, *, wins: bool) -> None:
    """Tickets of which agents say that they are about refunds; one version said so."""
    made = decide_by(engine, "old", count)
    shadow_by(engine, "new", made, labels=("refund",) if wins else ("delivery", "refund"))
    if wins:
        overrule(engine, made)
    else:
        confirm(engine, made)


def test_a_better_shadow_becomes_a_canary_with_the_share_that_is_set(engine: Engine) -> None:
    _begin(engine, TrialStage.SHADOW)
    _shadowed(engine, 15, wins=True)
    found = _look(engine)
    assert found is not None
    assert found.ruling is Ruling.BETTER
    now = transaction(engine, trials.current)
    assert now is not None
    assert (now.stage, now.share, now.version) == (TrialStage.CANARY, 0.25, "new")
    assert _active(engine) == "old"


def test_a_worse_shadow_ends(engine: Engine) -> None:
    _begin(engine, TrialStage.SHADOW)
    _shadowed(engine, 15, wins=False)
    _look(engine, WAITING)
    assert _trials(engine) == [(TrialStage.SHADOW, TrialOutcome.DISCARDED)]
    assert _active(engine) == "old"


def test_pairs_go_by_label_sets_and_by_departments_and_by_the_last_word(engine: Engine) -> None:
    trial = _begin(engine, TrialStage.SHADOW)
    made = decide_by(engine, "old", 6)
    shadow_by(engine, "new", made, labels=("refund", "delivery"))
    both = ["delivery", "refund"]
    say(engine, made[:1], FeedbackKind.WRONG_LABEL, labels=both)
    say(engine, made[1:2], FeedbackKind.WRONG_ROUTE, department="orders", after_s=70)
    say(engine, made[2:3], FeedbackKind.CONFIRMED, after_s=80)
    say(engine, made[3:4], FeedbackKind.WRONG_LABEL, labels=both, after_s=90)
    say(engine, made[3:4], FeedbackKind.WRONG_LABEL, labels=["refund"], after_s=95)
    say(engine, made[4:5], FeedbackKind.MOVED_FOR_LOAD)
    [taken_back] = say(engine, made[5:6], FeedbackKind.CONFIRMED)
    transaction(engine, lambda c: corrections.withdraw(c, taken_back, agent="anna"))
    pairs = transaction(engine, lambda c: trial_evidence.pairs(c, trial))
    assert pairs == [
        Pair(candidate=True, active=False),
        Pair(candidate=True, active=True),
        Pair(candidate=False, active=True),
        Pair(candidate=False, active=False),
    ]


def test_labels_that_agents_find_ticked_count_as_shown(engine: Engine) -> None:
    trial = _begin(engine, TrialStage.SHADOW)
    made = decide_by(engine, "old", 1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE decisions SET preselected = '{refund}'"))
    shadow_by(engine, "new", made, labels=("delivery", "refund"))
    confirm(engine, made)
    pairs = transaction(engine, lambda c: trial_evidence.pairs(c, trial))
    assert pairs == [Pair(candidate=True, active=True)]


def test_shadows_of_old_tickets_are_forgotten_and_newer_ones_kept(engine: Engine) -> None:
    shadow_by(engine, "new", decide_by(engine, "old", 3), labels=())
    now = datetime.now(UTC)
    for before, dropped in ((now - timedelta(days=1), 0), (now + timedelta(days=1), 3)):
        found = transaction(engine, lambda c, b=before: trial_evidence.forget_shadows(c, b))  # type: ignore[misc]
        assert found == dropped


def test_what_a_lower_rung_or_an_earlier_time_decided_does_not_count(engine: Engine) -> None:
    overrule(engine, decide_by(engine, "new", 5, prefix="early"))
    let_an_hour_pass(engine)
    trial = _begin(engine, TrialStage.CANARY)
    _judged(engine, "new", 1, 1)
    _judged(engine, "other", 1, 1)
    overrule(engine, lower := decide_by(engine, "new", 2, prefix="low"))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE decisions SET rung = 'linear' WHERE ticket_id = ANY(:ids)"),
            {"ids": [decision.ticket_id for decision in lower]},
        )
    judged = transaction(engine, lambda c: trial_evidence.judged_since(c, trial))
    assert [(entry.version, entry.overruled) for entry in judged] == [
        ("new", True),
        ("new", False),
    ]


Act = Callable[[Connection], object]


@pytest.mark.parametrize(
    ("stage", "act", "ends"),
    [
        (TrialStage.CANARY, lambda c: model_versions.activate(c, "new", actor="ops"), True),
        (TrialStage.CANARY, lambda c: model_versions.activate(c, "other", actor="ops"), True),
        (TrialStage.CANARY, lambda c: model_versions.activate(c, "old", actor="ops"), False),
        (TrialStage.PROBATION, lambda c: model_versions.rollback(c, actor="ops"), True),
        (TrialStage.PROBATION, lambda c: model_versions.activate(c, "new", actor="ops"), False),
    ],
)
def test_who_activates_by_hand_ends_a_trial_that_makes_no_sense_any_more(
    engine: Engine, stage: TrialStage, act: Act, ends: bool
) -> None:
    if stage is TrialStage.PROBATION:
        _serve(engine)
    else:
        _begin(engine, stage)
    transaction(engine, act)
    assert _trials(engine) == [(stage, TrialOutcome.OVERTAKEN if ends else None)]
    [trial] = transaction(engine, lambda c: trials.newest(c, most=1))
    assert (trial.reason or "").startswith("ops activated ") is ends


def test_an_activation_that_fails_leaves_the_trial_open(engine: Engine) -> None:
    _begin(engine, TrialStage.CANARY)
    with pytest.raises(Invalid, match="not registered"):
        _activate(engine, "unheard of")
    assert _trials(engine) == [(TrialStage.CANARY, None)]


def test_only_one_trial_is_open_and_none_against_itself(engine: Engine) -> None:
    _begin(engine, TrialStage.SHADOW)
    with pytest.raises(Invalid, match="on trial already"):
        _begin(engine, TrialStage.CANARY)
    with pytest.raises(Invalid, match="serves already"):
        transaction(
            engine,
            lambda c: trials.begin(
                c, version="old", against="old", stage=TrialStage.SHADOW, actor="ops"
            ),
        )


def test_a_newer_candidate_takes_the_place_of_the_one_on_trial(engine: Engine) -> None:
    _begin(engine, TrialStage.CANARY)
    transaction(engine, lambda c: serving.shadow(c, "other", actor="trainer"))
    assert _trials(engine) == [
        (TrialStage.CANARY, TrialOutcome.OVERTAKEN),
        (TrialStage.SHADOW, None),
    ]


def test_without_a_trial_a_look_does_nothing(engine: Engine, tmp_path: Path) -> None:
    assert _look(engine) is None
    assert _active(engine) == "old"


def test_a_trainer_process_rolls_back_by_itself(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    models = tmp_path / "state" / "models"
    made = [build_tiny_artifact(models / f"model-{seed}", seed=seed) for seed in range(2)]
    for artifact in made:
        register(engine, artifact)
    old, new = (artifact.version for artifact in made)
    _activate(engine, old)
    _judged(engine, old, 10, 190)
    let_an_hour_pass(engine)
    transaction(engine, lambda c: serving.serve(c, new, actor="trainer"))
    _judged(engine, new, 20, 30)
    let_an_hour_pass(engine)
    environment = {
        "POINTSMAN_DATABASE_URL": postgres_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_STATE_DIR": str(tmp_path / "state"),
        "POINTSMAN_DEVICE": "cpu",
        "POINTSMAN_PROMOTE": "manual",
    }
    processes = Processes(tmp_path, environment)
    try:
        processes.start("-m", "trainer")
        wait_until(
            lambda: _active(engine) == old,
            timeout_s=120,
            what="the version before serving again",
            seen=processes.logs,
        )
    finally:
        processes.stop_all()
