"""What people change about versions: each change is one function of a transaction, a body and who.

A body holds all that its change needs, so that it can be kept and carried out later, when a second
person has approved it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from core.errors import ArtifactInvalid, Invalid
from core.types import ControlledArea, TrialStage
from router import serving
from store.models import model_versions, trials
from web.api.control.gate import Change
from web.api.models.schemas import Serves, TrialState, VersionName, trial_state
from web.api.words import CLEANED
from web.problems import Problem

Note = Annotated[str, Field(max_length=1_000), CLEANED]
_UNREADABLE = (
    "see that the folder is there and on a volume that this process can read, or name another "
    "version"
)


class Activation(BaseModel):
    """A version that should serve."""

    model_config = ConfigDict(extra="forbid")

    version: VersionName
    note: Note = ""


class Rollback(BaseModel):
    """The version before should serve again, in the place of `serving`."""

    model_config = ConfigDict(extra="forbid")

    serving: VersionName = Field(
        description="The version that serves and should not, so that two who roll back at once "
        "go back one step and not two."
    )
    note: Note = ""


class TrialStart(BaseModel):
    """A version that should be tried on live tickets."""

    model_config = ConfigDict(extra="forbid")

    version: VersionName
    stage: Literal[TrialStage.SHADOW, TrialStage.CANARY]
    share: Annotated[float, Field(ge=0, lt=1)]


class TrialEnd(BaseModel):
    """How an open trial should end."""

    model_config = ConfigDict(extra="forbid")

    trial: Annotated[int, Field(ge=1, le=2**63 - 1)]
    promote: bool = Field(description="Whether the version on trial should serve, or the other.")


def activate(connection: Connection, body: Activation, by: str) -> Serves:
    """Lets a version serve, even one that the gate rejected.

    Raises:
        Problem: there is no such version, or it cannot serve.
    """
    must_be_known(connection, body.version)
    with _conflicts():
        serving.activate(connection, body.version, actor=by, note=body.note)
    return Serves(serves=body.version)


def roll_back(connection: Connection, body: Rollback, by: str) -> Serves:
    """Lets the version before serve again.

    Raises:
        Problem: another version serves than was said, or none served before.
    """
    trials.hold_still(connection)
    active = model_versions.active(connection)
    if active is None or active.version != body.serving:
        now = "No version" if active is None else f"Version {active.version}"
        raise Problem("conflict", f"{now} serves, not {body.serving}.")
    with _conflicts():
        return Serves(serves=serving.roll_back(connection, actor=by, note=body.note))


def begin_trial(connection: Connection, body: TrialStart, by: str) -> TrialState:
    """Puts a version on trial.

    Raises:
        Problem: there is no such version, it cannot serve, or another trial is open.
    """
    must_be_known(connection, body.version)
    with _conflicts():
        trial = serving.begin_trial(
            connection, body.version, TrialStage(body.stage), body.share, actor=by
        )
    return trial_state(trial)


def end_trial(connection: Connection, body: TrialEnd, by: str) -> Serves:
    """Ends the open trial.

    Raises:
        Problem: it is not open any more, or who would serve cannot.
    """
    trials.hold_still(connection)
    trial = trials.current(connection)
    if trial is None or trial.id != body.trial:
        other = "No trial" if trial is None else f"Trial {trial.id}"
        raise Problem("conflict", f"{other} is open, not {body.trial}.")
    with _conflicts():
        serving.end_trial(connection, promote=body.promote, actor=by)
    return Serves(serves=trial.version if body.promote else trial.against)


def _controlled(name: str, body: type[BaseModel], make: Callable[..., BaseModel]) -> Change:
    return Change(name=name, area=ControlledArea.ACTIVATION, body=body, make=make)


ACTIVATE = _controlled("model.activate", Activation, activate)
ROLL_BACK = _controlled("model.roll_back", Rollback, roll_back)
BEGIN_TRIAL = _controlled("trial.begin", TrialStart, begin_trial)
END_TRIAL = _controlled("trial.end", TrialEnd, end_trial)


def must_be_known(connection: Connection, version: str) -> model_versions.KnownVersion:
    """The version.

    Raises:
        Problem: it is not registered.
    """
    found = model_versions.known(connection, version)
    if found is None:
        raise Problem("not-found", f"There is no version {version}.", fix="see `GET /v1/models`")
    return found


def unreadable(error: ArtifactInvalid) -> Problem:
    """The problem of a version whose folder this process cannot read."""
    return Problem("conflict", f"The artifact cannot be used: {error}.", fix=_UNREADABLE)


@contextmanager
def _conflicts() -> Iterator[None]:
    """What the state of things forbids, as a conflict: the body itself was checked before."""
    try:
        yield
    except ArtifactInvalid as error:
        raise unreadable(error) from error
    except Invalid as error:
        raise Problem("conflict", f"{error.field}: {error.problem}.", fix=error.fix) from error
