"""The shapes of explanations and replays; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from web.api.words import Word

_ID = "0198c0de-1f2e-7a3b-8c4d-5e6f70819203"
_MOMENT = "2026-03-01T09:30:01Z"
_TEXT = "Parcel is late\nIt should have been here on Monday. Please refund the express fee."
_PHRASE = {
    "start": 51,
    "end": 81,
    "weight": 2.41,
    "score_without": 0.18,
    "text": "Please refund the express fee.",
}
_DECISION = {
    "primary_department": "orders",
    "collaborators": ["billing"],
    "labels": ["delivery", "refund"],
    "reason": "rule",
    "rule": "late-parcels",
    "words": "rule late-parcels",
    "rung": "model",
    "scored_by": "model",
    "ruleset_version": 12,
    "thresholds_version": "9f2c1e07",
    "decided_at": _MOMENT,
}
WHY_EXAMPLE: dict[str, Any] = {
    "ticket_id": _ID,
    "revision": 1,
    "decision": _DECISION,
    "no_prediction": None,
    "rules": [
        {
            "rule": "late-parcels",
            "order": 10,
            "held": True,
            "effect": "primary orders",
            "words": "late-parcels held: ✓ delivery is predicted (0.94, counts from 0.5) "
            "→ primary orders",
        }
    ],
    "would_change": [
        {
            "kind": "score",
            "primary_department": "billing",
            "label": "delivery",
            "score": 0.94,
            "needed": 0.499999,
            "rule": None,
            "condition": None,
            "words": "a score of delivery down to 0.499999 instead of 0.94 leads to billing",
        }
    ],
    "text": _TEXT,
    "explanation": {
        "state": "made",
        "error": None,
        "method": "leaving_out",
        "made_at": _MOMENT,
        "labels": [
            {
                "label": "refund",
                "place": "predicted",
                "score": 0.71,
                "threshold": 0.5,
                "aside": 0.0,
                "phrases": [_PHRASE],
            }
        ],
    },
    "nearest": [
        {
            "ticket_id": _ID,
            "revision": 1,
            "similarity": 0.83,
            "external_id": "BW-0977",
            "subject": "Express fee for a late parcel",
            "kind": "wrong_label",
            "labels": ["delivery", "refund"],
            "department": None,
            "predicted": ["delivery"],
            "sent_to": "orders",
            "agent": "ann",
            "given_at": _MOMENT,
        }
    ],
    "split": [
        {
            "department": "billing",
            "labels": ["refund"],
            "phrases": [{key: _PHRASE[key] for key in ("start", "end", "text")}],
        }
    ],
}
REPLAY_EXAMPLE: dict[str, Any] = {
    "ticket_id": _ID,
    "revision": 1,
    "same": False,
    "differences": ["primary_department", "rule"],
    "missing": None,
    "decision": {
        "primary_department": "billing",
        "collaborators": [],
        "labels": ["delivery", "refund"],
        "preselected": [],
        "suggested": [],
        "reason": "rule",
        "rule": "refunds",
        "trace": [],
    },
    "scores": {"delivery": 0.94, "refund": 0.71, "login": 0.01},
}


class PlaceOut(BaseModel):
    """Characters of `text` from `start` up to but not at `end`, and what stands there."""

    start: int
    end: int
    text: str


class PhraseOut(PlaceOut):
    """A phrase that carried a label: `weight` is what it adds to the score, in log-odds."""

    weight: float
    score_without: float | None


class ExplainedLabel(BaseModel):
    """A label that counts or came near, and its phrases, the strongest first."""

    label: str
    place: Literal["predicted", "preselected", "suggested", "near_miss"]
    score: float | None
    threshold: float
    aside: float = Field(description="what signature and quoted replies add, in log-odds")
    phrases: list[PhraseOut]


class ExplanationOut(BaseModel):
    """What a worker has made of the text: `asked` is on its way, `none` that nothing scored it."""

    state: Literal["asked", "made", "failed", "none"]
    error: str | None
    method: str | None
    made_at: datetime | None
    labels: list[ExplainedLabel]


class DecisionInShort(BaseModel):
    """The decision that is explained."""

    primary_department: str
    collaborators: list[str]
    labels: list[str]
    reason: str
    rule: str | None
    words: str
    rung: str
    scored_by: str
    ruleset_version: int
    thresholds_version: str | None
    decided_at: datetime


class NoPrediction(BaseModel):
    """Why no rule placed the ticket by its labels."""

    reason: str
    words: str


class RuleInWords(BaseModel):
    """A rule that was considered."""

    rule: str
    order: int
    held: bool
    effect: str
    words: str


class ChangeOut(BaseModel):
    """A change that would have led to another primary department."""

    kind: Literal["score", "level", "rule_off", "rule_held"]
    primary_department: str
    label: str | None
    score: float | None
    needed: float | None
    rule: str | None
    condition: str | None
    words: str


class NearTicket(BaseModel):
    """A ticket like this one on which people gave their word."""

    ticket_id: UUID
    revision: int
    similarity: float
    external_id: str
    subject: str
    kind: str
    labels: list[str] | None
    department: str | None
    predicted: list[str] | None
    sent_to: str | None
    agent: str
    given_at: datetime


class PartOut(BaseModel):
    """What speaks for one of several departments."""

    department: str
    labels: list[str]
    phrases: list[PlaceOut]


class WhyOut(BaseModel):
    """Everything that explains a decision."""

    model_config = ConfigDict(json_schema_extra={"example": WHY_EXAMPLE})

    ticket_id: UUID
    revision: int
    decision: DecisionInShort
    no_prediction: NoPrediction | None
    rules: list[RuleInWords]
    would_change: list[ChangeOut]
    text: str = Field(description="what was scored, without mark-up; places are in it")
    explanation: ExplanationOut
    nearest: list[NearTicket]
    split: list[PartOut]


class ReplayIn(BaseModel):
    """What to put in place of what then was; nothing replays the record."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"ruleset": 13}})

    ruleset: Annotated[int, Field(ge=1, le=(1 << 63) - 1)] | None = Field(
        default=None, description="a revision of the rules"
    )
    thresholds: Word | None = Field(default=None, description="a version of thresholds and levels")
    model: Word | None = Field(default=None, description="a version of the model")


class ReplayOut(BaseModel):
    """The decision that would have been made; `differences` from the one that stands."""

    model_config = ConfigDict(json_schema_extra={"example": REPLAY_EXAMPLE})

    ticket_id: UUID
    revision: int
    same: bool
    differences: list[str]
    missing: str | None
    decision: dict[str, Any] | None
    scores: dict[str, float] | None
