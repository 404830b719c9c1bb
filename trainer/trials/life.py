"""What becomes by itself of a version on trial: on to the next stage, into service, or back.

The moves are those of `router.serving`, which people make too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection

from core.errors import ArtifactInvalid
from core.settings import Settings
from core.types import TrialStage
from router import serving
from store.models import model_versions, trial_evidence, trials
from store.models.trials import Trial, TrialOutcome
from trainer.trials.judge import (
    Finding,
    Ruling,
    Terms,
    judge_canary,
    judge_probation,
    judge_shadow,
)

_log = structlog.get_logger(__name__)

Open = Callable[[Path], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How trials go on.

    Attributes:
        terms: when a stage is decided.
        forward: whether versions go forward by themselves; back they always go.
        share: of tickets that a canary decides, in (0, 1).
    """

    terms: Terms
    forward: bool
    share: float


def course_of(settings: Settings) -> Course:
    """How an operator wants trials to go on."""
    return Course(
        terms=Terms(
            alpha=settings.trial_alpha,
            shadow_tickets=settings.trial_shadow_tickets,
            canary_tickets=settings.trial_canary_tickets,
            probation_tickets=settings.trial_probation_tickets,
            reference_tickets=settings.trial_reference_tickets,
        ),
        forward=settings.promote != "manual",
        share=settings.trial_canary_share,
    )


def judge(connection: Connection, trial: Trial, terms: Terms) -> Finding:
    """What the tickets so far say of an open trial."""
    match trial.stage:
        case TrialStage.SHADOW:
            return judge_shadow(trial_evidence.pairs(connection, trial), terms)
        case TrialStage.CANARY:
            judged = trial_evidence.judged_since(connection, trial)
            return judge_canary(judged, trial.version, terms)
        case TrialStage.PROBATION:
            since = trial_evidence.judged_since(connection, trial)
            before = trial_evidence.judged_before(connection, trial, most=terms.reference_tickets)
            return judge_probation([x for x in since if x.version == trial.version], before, terms)


def look(connection: Connection, course: Course, *, actor: str, opens: Open) -> Finding | None:
    """Judges the open trial and does what follows; None where there is none.

    Args:
        connection: an open transaction.
        course: how trials go on.
        actor: for the audit log.
        opens: raises ArtifactInvalid for a folder that cannot serve.
    """
    trials.hold_still(connection)
    trial = trials.current(connection)
    if trial is None:
        return None
    finding = judge(connection, trial, course.terms)
    trials.note(connection, trial, finding.as_object())
    if finding.ruling is Ruling.WORSE:
        _go_back(connection, trial, finding, actor=actor, opens=opens)
    elif finding.ruling is not Ruling.CONTINUE:
        _go_on(connection, trial, finding, course, actor=actor)
    return finding


def _go_on(
    connection: Connection, trial: Trial, finding: Finding, course: Course, *, actor: str
) -> None:
    """The next stage; without leave to go forward only a probation ends by itself."""
    if trial.stage is not TrialStage.PROBATION and not course.forward:
        return
    if trial.stage is TrialStage.SHADOW:
        _widen(connection, trial, course.share, reason=finding.sentence, actor=actor)
    else:
        serving.win(connection, trial, reason=finding.sentence, actor=actor)
    _log.info("trial_won", version=trial.version, stage=trial.stage, why=finding.sentence)


def _widen(connection: Connection, trial: Trial, share: float, *, reason: str, actor: str) -> None:
    """From shadow to canary."""
    trials.end(connection, trial, TrialOutcome.ADVANCED, reason=reason, actor=actor)
    trials.begin(
        connection,
        version=trial.version,
        against=trial.against,
        stage=TrialStage.CANARY,
        share=share,
        actor=actor,
    )


def _go_back(
    connection: Connection, trial: Trial, finding: Finding, *, actor: str, opens: Open
) -> None:
    """Goes back, unless the version before is gone: then the newer one, though worse, serves on."""
    if trial.stage is TrialStage.PROBATION:
        try:
            opens(model_versions.registered(connection, trial.against).path)
        except ArtifactInvalid as error:
            _log.error("cannot_roll_back", version=trial.against, cause=str(error))
            return
    serving.lose(connection, trial, reason=finding.sentence, actor=actor)
    _log.warning("trial_lost", version=trial.version, stage=trial.stage, why=finding.sentence)
