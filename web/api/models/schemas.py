"""The shapes of models, trials and comparisons; each field means what `docs/api.md` says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from store.models.model_versions import KnownVersion, Standing
from store.models.trials import Trial

VERSION = "2217492db84c"
_OTHER = "90aa10c3f5d1"
_MOMENT = "2026-03-01T09:30:00Z"
_FIGURES = {
    "micro_f1": 0.81,
    "macro_f1": 0.74,
    "weighted_f1": 0.80,
    "subset_accuracy": 0.62,
    "ece": 0.021,
}
_CHECK = {
    "name": "macro_f1 holdout",
    "value": 0.012,
    "limit": -0.02,
    "passed": True,
    "required": True,
    "sentence": "Macro-F1 on the holdout changes by +0.012 (90% interval -0.004 to +0.029); a "
    "drop of up to 0.020 is allowed.",
}
_GATE = {
    "decision": "promoted",
    "reason": "Every required check passes.",
    "checks": [_CHECK],
    "against": _OTHER,
}
_LINE = {
    "version": VERSION,
    "standing": "serves",
    "labels": 31,
    "figures": _FIGURES,
    "created_at": _MOMENT,
    "activated_at": _MOMENT,
    "run": 7,
    "outcome": "promoted",
    "reason": "Every required check passes.",
}
_FINDING = {
    "ruling": "continue",
    "judged": 41,
    "rate": 0.07,
    "against_rate": 0.12,
    "worse": 0.6,
    "better": 2.4,
    "needed": 20.0,
    "sentence": "Agents overruled 3 of 41 judged decisions (7%) of the version on trial and 44 of "
    "367 judged decisions (12%) of the other in the same time.",
}
_TRIAL = {
    "trial": 3,
    "open": True,
    "version": VERSION,
    "against": _OTHER,
    "stage": "canary",
    "share": 0.1,
    "started_by": "kim",
    "started_at": _MOMENT,
    "said": _FINDING["sentence"],
    "finding": _FINDING,
    "outcome": None,
    "reason": None,
    "ended_at": None,
}
_MANIFEST = {
    "encoder": "minilm",
    "max_length": 512,
    "dataset_hash": "5f" * 32,
    "seeds": [0],
    "code_version": "0.1.0",
    "preset": "fast",
    "training": {},
    "files": 12,
}
_RECORD = {
    **_LINE,
    "labels": ["delivery", "refund"],
    "path": "/var/lib/pointsman/models/5f5f5f5f5f5f5f5f-fast-0",
    "per_label": {
        "refund": {"precision": 0.84, "recall": 0.79, "f1": 0.81, "support": 120, "threshold": 0.4}
    },
    "linear": _FIGURES,
    "manifest": _MANIFEST,
    "unreadable": None,
    "gate": _GATE,
    "trials": [_TRIAL],
}
_SIDE = {"version": VERSION, "figures": _FIGURES, "n": 2635, "f1": {"refund": 0.81}}
NO_TRIAL_YET = "No trainer has looked at this trial yet."

VersionName = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{12}$", description="12 hex digits: the content id of the manifest."),
]


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class Figures(BaseModel):
    """Of all labels together, on the version's own test rows; null where none was measured."""

    model_config = _example(_FIGURES)

    micro_f1: float | None = None
    macro_f1: float | None = None
    weighted_f1: float | None = None
    subset_accuracy: float | None = None
    ece: float | None = Field(default=None, description="expected calibration error, in [0, 1]")


class ModelInList(BaseModel):
    """A version: where it is in its life, how good it was when made, what the gate said."""

    model_config = _example(_LINE)

    version: VersionName
    standing: Standing
    labels: int = Field(description="how many it knows")
    figures: Figures
    created_at: datetime
    activated_at: datetime | None
    run: int | None = Field(description="the training run that made it; null for one from a file")
    outcome: str | None
    reason: str | None = Field(description="why the gate decided so")


class ModelList(BaseModel):
    """A page, newest first. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"models": [_LINE], "next": None})

    models: list[ModelInList]
    next: str | None


class Gate(BaseModel):
    """What the gate measured before it decided about a candidate."""

    model_config = _example(_GATE)

    decision: str | None
    reason: str | None
    checks: list[dict[str, Any]]
    against: str | None = Field(description="the version that it was compared with")


class Manifest(BaseModel):
    """Where an artifact came from."""

    model_config = _example(_MANIFEST)

    encoder: str
    max_length: int
    dataset_hash: str
    seeds: list[int]
    code_version: str
    preset: str
    training: dict[str, Any]
    files: int


class TrialState(BaseModel):
    """One stage of a version's trial, and what live tickets said so far."""

    model_config = _example(_TRIAL)

    trial: int
    open: bool
    version: str
    against: str
    stage: str
    share: float
    started_by: str
    started_at: datetime
    said: str = Field(description="the evidence in words")
    finding: dict[str, Any] | None = Field(
        description="the evidence in figures, as of a trainer's last look; `worse` and `better` "
        "are e-values that decide from `needed` on"
    )
    outcome: str | None
    reason: str | None
    ended_at: datetime | None


class CurrentTrial(BaseModel):
    """The open trial, or the last one; null where no version was ever tried."""

    model_config = _example({"trial": _TRIAL})

    trial: TrialState | None


class ModelRecord(BaseModel):
    """Everything that is known about a version."""

    model_config = _example(_RECORD)

    version: VersionName
    standing: Standing
    labels: list[str]
    figures: Figures
    created_at: datetime
    activated_at: datetime | None
    run: int | None
    outcome: str | None
    reason: str | None
    path: str = Field(description="the artifact's folder, on the volume that trainers write")
    per_label: dict[str, dict[str, Any]]
    linear: Figures = Field(description="of the linear model in the same artifact")
    manifest: Manifest | None
    unreadable: str | None = Field(description="why there is no manifest; null where there is")
    gate: Gate | None
    trials: list[TrialState] = Field(description="its last ten, newest first")


class Side(BaseModel):
    """One of two versions, on its own test rows."""

    model_config = _example(_SIDE)

    version: str
    figures: Figures
    n: int | None = Field(description="rows that it was measured on")
    f1: dict[str, float] = Field(description="by label")


class Comparison(BaseModel):
    """Two versions side by side."""

    model_config = _example(
        {
            "a": _SIDE,
            "b": {**_SIDE, "version": _OTHER},
            "only_a": [],
            "only_b": ["login"],
            "gate": _GATE,
            "command": None,
            "caution": "Each was measured on its own test rows, which may differ.",
        }
    )

    a: Side
    b: Side
    only_a: list[str] = Field(description="labels that the other does not know")
    only_b: list[str]
    gate: Gate | None = Field(description="what the gate measured of one against the other")
    command: str | None = Field(
        description="what compares the two on the same rows, where the gate never did"
    )
    caution: str


class Serves(BaseModel):
    """The version that serves now; workers follow within seconds."""

    model_config = _example({"serves": VERSION})

    serves: VersionName


def figures_of(metrics: Mapping[str, Any]) -> Figures:
    """The figures of `metrics.json`, of the model or of the linear one in it."""
    return Figures(**{name: metrics.get(name) for name in Figures.model_fields})


def gate_of(known: KnownVersion) -> Gate | None:
    """What the gate said of a version; None where no gate did."""
    if not known.gate:
        return None
    wanted: dict[str, Any] = {"decision": None, "reason": None, "checks": [], "against": None}
    return Gate(**{name: known.gate.get(name, default) for name, default in wanted.items()})


def line_of(known: KnownVersion) -> ModelInList:
    """A version for a list."""
    return ModelInList(**_shared(known), labels=len(known.labels))


def record_of(
    known: KnownVersion, tried: list[Trial], manifest: Manifest | None, unreadable: str | None
) -> ModelRecord:
    """A version with all that belongs to it."""
    return ModelRecord(
        **_shared(known),
        labels=list(known.labels),
        path=str(known.path),
        per_label=known.metrics.get("per_label") or {},
        linear=figures_of(known.metrics.get("linear") or {}),
        manifest=manifest,
        unreadable=unreadable,
        gate=gate_of(known),
        trials=[trial_state(trial) for trial in tried],
    )


def trial_state(trial: Trial) -> TrialState:
    """A trial with what was found when a trainer last looked."""
    return TrialState(
        trial=trial.id,
        open=trial.outcome is None,
        version=trial.version,
        against=trial.against,
        stage=trial.stage,
        share=trial.share,
        started_by=trial.started_by,
        started_at=trial.started_at,
        said=trial.finding.get("sentence", NO_TRIAL_YET),
        finding=dict(trial.finding) or None,
        outcome=trial.outcome,
        reason=trial.reason,
        ended_at=trial.ended_at,
    )


def compared(a: KnownVersion, b: KnownVersion) -> Comparison:
    """Two versions by what is stored of them."""
    gates = ((gate_of(a), b.version), (gate_of(b), a.version))
    gate = next((gate for gate, other in gates if gate and gate.against == other), None)
    command = f"pointsman compare {a.path} {b.path} --data TICKETS.jsonl"
    return Comparison(
        a=_side(a),
        b=_side(b),
        only_a=sorted(set(a.labels) - set(b.labels)),
        only_b=sorted(set(b.labels) - set(a.labels)),
        gate=gate,
        command=None if gate else command,
        caution="Each was measured on its own test rows, which may differ.",
    )


def _side(known: KnownVersion) -> Side:
    per_label = known.metrics.get("per_label") or {}
    return Side(
        version=known.version,
        figures=figures_of(known.metrics),
        n=known.metrics.get("n"),
        f1={name: of["f1"] for name, of in per_label.items()},
    )


def _shared(known: KnownVersion) -> dict[str, Any]:
    return {
        "version": known.version,
        "standing": known.standing,
        "figures": figures_of(known.metrics),
        "created_at": known.created_at,
        "activated_at": known.activated_at,
        "run": known.run,
        "outcome": known.outcome,
        "reason": (known.gate or {}).get("reason"),
    }
