"""The shapes of training runs; each field means what `docs/api.md` says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.types import RunState
from router.run_words import progress_words, run_words
from store.models.training_runs import TrainingRun
from web.api.words import CLEANED

_MOMENT = "2026-03-01T09:30:00Z"
_LINE: dict[str, Any] = {
    "run": 8,
    "state": "running",
    "said": "Measuring the new model, 40% of this step, about 2 minutes left in it.",
    "trigger": "manual",
    "why": "the new returns policy",
    "requested_by": "kim",
    "outcome": None,
    "model_version": None,
    "created_at": _MOMENT,
    "started_at": _MOMENT,
    "finished_at": None,
}
_PROGRESS: dict[str, Any] = {
    "stage": "measuring",
    "said": _LINE["said"],
    "fraction": 0.4,
    "left_s": 118.0,
    "notes": ["label 'login' is left out: it needs 3 more tickets"],
}
_SNAPSHOT = {
    "id": "5f" * 32,
    "summary": {
        "rows": 4211,
        "from_feedback": 380,
        "sides": {"train": 3370, "holdout": 841},
        "labels": {"delivery": 902, "refund": 611},
        "excluded": {"has no text": 2},
    },
}
_RECORD = {**_LINE, "progress": _PROGRESS, "snapshot": _SNAPSHOT, "gate": None, "error": None}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class RetrainWish(BaseModel):
    """Why a model should be trained now."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"note": "the new returns policy"}}
    )

    note: Annotated[str, Field(max_length=1_000), CLEANED] = "asked for"


class WantedRuns(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class RunInList(BaseModel):
    """A run: why it was started, where it is, or how it ended."""

    model_config = _example(_LINE)

    run: int
    state: RunState
    said: str = Field(description="where it is or how it ended, in plain words")
    trigger: str = Field(description="manual, corrections, override rate, drift or time")
    why: str
    requested_by: str
    outcome: str | None
    model_version: str | None = Field(description="the candidate that it made")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RunList(BaseModel):
    """A page, newest first. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"runs": [_LINE], "next": None})

    runs: list[RunInList]
    next: str | None


class RunProgress(BaseModel):
    """Where a run is, as of its trainer's last heartbeat; they are about a second apart."""

    model_config = _example(_PROGRESS)

    stage: str
    said: str
    fraction: float | None = Field(description="of this step, in [0, 1]; null where not known")
    left_s: float | None = Field(description="seconds that this step still takes, an estimate")
    notes: list[str]


class RunSnapshot(BaseModel):
    """The data set that a run learns from: its hash, and counts of rows and labels."""

    model_config = _example(_SNAPSHOT)

    id: str
    summary: dict[str, Any] | None


class RunRecord(RunInList):
    """Everything about a run."""

    model_config = _example(_RECORD)

    progress: RunProgress | None = Field(description="null until a trainer has it")
    snapshot: RunSnapshot | None
    gate: dict[str, Any] | None = Field(description="every check, with its numbers and a sentence")
    error: str | None


def line_of(run: TrainingRun) -> RunInList:
    """A run for a list."""
    return RunInList(**_shared(run))


def record_of(run: TrainingRun, summary: Mapping[str, Any] | None) -> RunRecord:
    """A run with everything; `summary` is that of its snapshot."""
    snapshot = None
    if run.snapshot_id is not None:
        snapshot = RunSnapshot(id=run.snapshot_id, summary=None if summary is None else {**summary})
    return RunRecord(
        **_shared(run),
        progress=_progress(run.progress) if run.progress else None,
        snapshot=snapshot,
        gate=None if run.gate is None else {**run.gate},
        error=run.error,
    )


def _progress(said: Mapping[str, Any]) -> RunProgress:
    return RunProgress(
        stage=said.get("stage", "starting"),
        said=progress_words(said),
        fraction=said.get("fraction"),
        left_s=said.get("eta_s"),
        notes=list(said.get("notes", ())),
    )


def _shared(run: TrainingRun) -> dict[str, Any]:
    return {
        "run": run.id,
        "state": run.state,
        "said": run_words(run),
        "trigger": run.trigger,
        "why": run.reason,
        "requested_by": run.requested_by,
        "outcome": run.outcome,
        "model_version": run.candidate,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }
