"""Trials in words, and how a person begins and ends them."""

import getpass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from classifier.artifacts import open_artifact
from cli.models.versions import known_version
from core.errors import Invalid
from core.types import TrialStage
from router import serving
from store.engine import transaction
from store.models import trials
from store.models.trials import Trial
from trainer.trials import life
from trainer.trials.judge import Finding, Terms


def stage_of(word: str, share: float | None) -> TrialStage:
    """The stage that somebody may begin with.

    Raises:
        Invalid: it is none, or the share does not go with it.
    """
    if word not in (TrialStage.SHADOW, TrialStage.CANARY):
        raise Invalid("--stage", f"there is no stage {word}", "take shadow or canary")
    if share is not None and (word == TrialStage.SHADOW or not 0 < share < 1):
        raise Invalid("--share", f"{share:g} is out of place", "give 0 to 1 with --stage canary")
    return TrialStage(word)


def begin(engine: Engine, reference: str, stage: TrialStage, share: float) -> Trial:
    """Puts a version on trial against the active one.

    Args:
        engine: the database.
        reference: the version, its beginning, or its folder.
        stage: shadow or canary.
        share: of tickets that a canary decides, in (0, 1).

    Raises:
        Invalid: there is no such version, nothing to try it against, or a trial is open.
        ArtifactInvalid: its folder holds no sound artifact.
    """
    folder = Path(reference)
    artifact = open_artifact(folder) if folder.is_dir() else None

    def work(connection: Connection) -> Trial:
        version = known_version(connection, artifact, reference)
        return serving.begin_trial(connection, version, stage, share, actor=getpass.getuser())

    return transaction(engine, work)


def current(engine: Engine, terms: Terms) -> tuple[Trial | None, Finding | None]:
    """The open trial with what its tickets say now, or the last one that ended."""

    def work(connection: Connection) -> tuple[Trial | None, Finding | None]:
        open_ = trials.current(connection)
        if open_ is not None:
            return open_, life.judge(connection, open_, terms)
        return next(iter(trials.newest(connection, most=1)), None), None

    return transaction(engine, work)


def end(engine: Engine, *, promote: bool) -> Trial:
    """Ends the open trial as a person wants it; gives it as it was.

    Raises:
        Invalid: none is open, or the version before cannot serve again.
        ArtifactInvalid: the version that would serve lies in no sound folder.
    """
    who = getpass.getuser()
    return transaction(engine, lambda c: serving.end_trial(c, promote=promote, actor=who))


def trial_lines(trial: Trial, finding: Finding | None) -> str:
    """What a trial is and how it stands, for a terminal."""
    share = f" with {trial.share:.0%} of the tickets" if trial.stage is TrialStage.CANARY else ""
    lines = [
        f"{trial.version}  {trial.stage}{share} against {trial.against}, "
        f"since {trial.started_at:%Y-%m-%d %H:%M}"
    ]
    if trial.outcome is not None:
        lines.append(f"  ended    {trial.outcome}: {trial.reason}")
    if finding is not None:
        lines.append(f"  so far   {finding.sentence}")
        better = "" if finding.better is None else f", that it is better {finding.better:.3g}"
        lines.append(
            f"  evidence that it is worse {finding.worse:.3g}{better}; "
            f"{finding.needed:g} is enough. This says: {finding.ruling}"
        )
    return "\n".join(lines)


def trial_object(trial: Trial | None, finding: Finding | None) -> dict[str, Any]:
    """JSON-ready; of an ended trial the finding is the last that a trainer had."""
    if trial is None:
        return {"trial": None}
    return {
        "trial": trial.id,
        "open": trial.outcome is None,
        "version": trial.version,
        "against": trial.against,
        "stage": trial.stage,
        "share": trial.share,
        "started_by": trial.started_by,
        "started_at": trial.started_at.isoformat(),
        "finding": dict(trial.finding) if finding is None else finding.as_object(),
        "outcome": trial.outcome,
        "reason": trial.reason,
        "ended_at": trial.ended_at.isoformat() if trial.ended_at else None,
    }
