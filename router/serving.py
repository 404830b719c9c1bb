"""Which version serves and which is on trial: every way a trainer or a person changes it.

Everything here is part of one transaction that holds the versions still, so that two trainers, or
a trainer and a person, act once and one after the other. Where a person says what serves, the
artifact's folder is looked into first: a version without its files must not be chosen by mistake.
"""

from sqlalchemy import Connection

from classifier.artifacts import open_artifact
from core.errors import Invalid
from core.types import TrialStage
from store.models import model_versions, trials
from store.models.trials import Trial, TrialOutcome

_BY_HAND = "ended by hand"


def activate(connection: Connection, version: str, *, actor: str, note: str = "") -> None:
    """Lets a registered version serve, as a person wants it; workers follow within seconds.

    Raises:
        Invalid: no such version is registered, or it knows a label by a name that was given up.
        ArtifactInvalid: its folder holds no sound artifact.
    """
    model_versions.activate(connection, version, actor=actor, note=note)
    _look_into(connection, version)


def roll_back(connection: Connection, *, actor: str, note: str = "") -> str:
    """Goes back to the version that served before the active one; returns it.

    Raises:
        Invalid: none served before.
        ArtifactInvalid: its folder holds no sound artifact.
    """
    before = model_versions.rollback(connection, actor=actor, note=note)
    _look_into(connection, before)
    return before


def begin_trial(
    connection: Connection, version: str, stage: TrialStage, share: float, *, actor: str
) -> Trial:
    """Puts a registered version on trial against the active one.

    Args:
        connection: an open transaction.
        version: to be tried.
        stage: shadow or canary.
        share: of tickets that a canary decides, in (0, 1); a shadow decides none.
        actor: for the audit log.

    Raises:
        Invalid: nothing serves that it could be tried against, or a trial is open.
        ArtifactInvalid: its folder holds no sound artifact.
    """
    trials.hold_still(connection)
    _look_into(connection, version)
    active = model_versions.active(connection)
    if active is None:
        fix = "let it serve: `pointsman models activate`"
        raise Invalid("version", "no version serves that it could be tried against", fix)
    return trials.begin(
        connection,
        version=version,
        against=active.version,
        stage=stage,
        share=share if stage is TrialStage.CANARY else 0,
        actor=actor,
    )


def end_trial(connection: Connection, *, promote: bool, actor: str) -> Trial:
    """Ends the open trial as a person wants it; gives it as it was.

    Raises:
        Invalid: none is open, or the version before cannot serve again.
        ArtifactInvalid: the version that would serve lies in no sound folder.
    """
    trials.hold_still(connection)
    trial = trials.current(connection)
    if trial is None:
        raise Invalid("trial", "none is open", "begin one: `pointsman models try VERSION`")
    _look_into(connection, trial.version if promote else trial.against)
    if promote:
        win(connection, trial, reason=_BY_HAND, actor=actor)
    else:
        lose(connection, trial, reason=_BY_HAND, actor=actor)
    return trial


def win(connection: Connection, trial: Trial, *, reason: str, actor: str) -> None:
    """Lets the version on trial serve wholly: on probation, or freed from it."""
    if trial.stage is TrialStage.PROBATION:
        trials.end(connection, trial, TrialOutcome.PASSED, reason=reason, actor=actor)
        return
    trials.end(connection, trial, TrialOutcome.ADVANCED, reason=reason, actor=actor)
    serve(connection, trial.version, actor=actor)


def lose(connection: Connection, trial: Trial, *, reason: str, actor: str) -> None:
    """Lets the other version serve all tickets, again where it served before."""
    if trial.stage is TrialStage.PROBATION:
        trials.end(connection, trial, TrialOutcome.ROLLED_BACK, reason=reason, actor=actor)
        model_versions.activate(connection, trial.against, actor=actor)
    else:
        trials.end(connection, trial, TrialOutcome.DISCARDED, reason=reason, actor=actor)


def serve(connection: Connection, version: str, *, actor: str) -> None:
    """Activates a version, on probation where another served before; ends any open trial."""
    before = model_versions.active(connection)
    model_versions.activate(connection, version, actor=actor)
    if before is not None and before.version != version:
        trials.begin(
            connection,
            version=version,
            against=before.version,
            stage=TrialStage.PROBATION,
            actor=actor,
        )


def shadow(connection: Connection, version: str, *, actor: str) -> None:
    """Puts a version on trial as a shadow of the active one; whatever is on trial makes room."""
    trials.hold_still(connection)
    active = model_versions.active(connection)
    if active is None or active.version == version:
        return serve(connection, version, actor=actor)
    if (open_ := trials.current(connection)) is not None:
        reason = f"{version} is newer"
        trials.end(connection, open_, TrialOutcome.OVERTAKEN, reason=reason, actor=actor)
    trials.begin(
        connection,
        version=version,
        against=active.version,
        stage=TrialStage.SHADOW,
        actor=actor,
    )


def _look_into(connection: Connection, version: str) -> None:
    """Raises where nothing sound lies; the transaction then leaves everything as it was."""
    open_artifact(model_versions.registered(connection, version).path)
