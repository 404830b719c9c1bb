"""The shapes of rules over HTTP. A ruleset itself is `router.schema.RulesetShape`."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SkipValidation,
    model_validator,
)
from pydantic_core import PydanticCustomError

from core.ticket_json import TicketShape
from core.types import Automation
from router.schema import RulesetShape, RuleShape
from web.api.moments import Moment
from web.api.words import CLEANED

_MOMENT = "2026-03-01T09:30:00Z"
RULE_EXAMPLE: dict[str, Any] = {
    "id": "refunds",
    "order": 10,
    "when": {"all": [{"label": "refund"}, {"language": ["de", "en"]}]},
    "then": {"primary": "billing", "collaborators": ["orders"]},
}
RULESET_EXAMPLE: dict[str, Any] = {"default_department": "service-desk", "rules": [RULE_EXAMPLE]}
YAML_EXAMPLE = """\
default_department: service-desk
rules:
- id: refunds
  order: 10
  when: {label: refund}
  then: {primary: billing}
"""
_FINDING_EXAMPLE = {
    "code": "unrouted-label",
    "severity": "warning",
    "rule": None,
    "message": "label login leads to no department",
    "fix": "add a rule for it",
}
_REVISION_EXAMPLE = {
    "version": 12,
    "author": "kim",
    "note": "refunds go to billing",
    "active": True,
    "rules": 24,
    "created_at": _MOMENT,
}
_CHANGE_EXAMPLE = {
    "added": [],
    "changed": ["refunds"],
    "removed": [],
    "diff": ["--- active", "+++ new", "-  then: {primary: orders}", "+  then: {primary: billing}"],
}
_ROUTING_EXAMPLE = {
    "primary_department": "billing",
    "collaborators": ["orders"],
    "labels": ["refund"],
    "preselected": [],
    "suggested": [],
    "reason": "rule",
    "rule": "refunds",
    "trace": [
        {
            "rule": "refunds",
            "order": 10,
            "held": True,
            "conditions": [
                {"condition": "refund is predicted", "value": 0.94, "threshold": 0.5, "held": True}
            ],
            "effect": "primary billing, added orders",
        }
    ],
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


def _asked(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"example": value})


Note = Annotated[
    str,
    Field(max_length=1_000, description="why, for the history"),
    CLEANED,
]
# `router.parse` checks them, so that a refusal says what to do.
GivenRuleset = Annotated[RulesetShape, SkipValidation]
GivenRule = Annotated[RuleShape, SkipValidation]
_LabelName = Annotated[str, Field(min_length=1, max_length=200)]
_Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Scores = Annotated[dict[_LabelName, _Score], Field(max_length=2_000)]
RuleId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]


class NewRules(BaseModel):
    """A whole ruleset in place of the one that stands."""

    model_config = _asked({"ruleset": RULESET_EXAMPLE, "note": "refunds go to billing"})

    ruleset: GivenRuleset
    note: Note = ""


class NewRule(BaseModel):
    """One rule, new or in place of the one of its id."""

    model_config = _asked({"rule": RULE_EXAMPLE, "note": "refunds go to billing"})

    rule: GivenRule
    note: Note = ""


class NewOrder(BaseModel):
    """Every rule's id in the wanted sequence."""

    model_config = _asked({"rules": ["refunds", "late-parcels"], "note": "refunds first"})

    rules: Annotated[list[RuleId], Field(max_length=20_000)]
    note: Note = ""


class Remark(BaseModel):
    """Why."""

    model_config = _asked({"note": "as before Monday"})

    note: Note = ""


class MaybeRules(BaseModel):
    """Rules that are not saved; the active ones if absent."""

    model_config = _asked({"ruleset": RULESET_EXAMPLE})

    ruleset: GivenRuleset | None = None


class Finding(BaseModel):
    """One thing that is wrong; a warning does not keep from saving."""

    model_config = ConfigDict(from_attributes=True, **_example(_FINDING_EXAMPLE))

    code: str
    severity: Literal["error", "warning"]
    rule: str | None
    message: str
    fix: str


class Findings(BaseModel):
    """Everything that is wrong."""

    model_config = _example({"findings": [_FINDING_EXAMPLE]})

    findings: list[Finding]


class Change(BaseModel):
    """Ids of rules that differ, and the YAML before and after as a unified diff."""

    model_config = ConfigDict(from_attributes=True, **_example(_CHANGE_EXAMPLE))

    added: list[str]
    changed: list[str]
    removed: list[str]
    diff: list[str]


class Rules(BaseModel):
    """The rules that decide now."""

    model_config = _example({**_REVISION_EXAMPLE, "ruleset": RULESET_EXAMPLE})

    version: int
    author: str
    note: str
    created_at: datetime
    ruleset: dict[str, Any]


class SavedRules(BaseModel):
    """`version` decides from now on; `saved` is false where nothing differed."""

    model_config = _example(
        {"version": 13, "saved": True, "changes": _CHANGE_EXAMPLE, "findings": [_FINDING_EXAMPLE]}
    )

    version: int
    saved: bool
    changes: Change
    findings: list[Finding]


class PlannedRules(BaseModel):
    """What saving would change; `refused` tells whether errors stand in the way."""

    model_config = _example(
        {"refused": False, "changes": _CHANGE_EXAMPLE, "findings": [_FINDING_EXAMPLE]}
    )

    refused: bool
    changes: Change
    findings: list[Finding]


class RevisionLine(BaseModel):
    """What is told of a revision; `rules` is how many it has."""

    model_config = ConfigDict(from_attributes=True, **_example(_REVISION_EXAMPLE))

    version: int
    author: str
    note: str
    active: bool
    rules: int
    created_at: datetime


class Revisions(BaseModel):
    """A page, newest first. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"revisions": [_REVISION_EXAMPLE], "next": None})

    revisions: list[RevisionLine]
    next: str | None


class Revision(BaseModel):
    """One revision, and what it changed in the one before."""

    model_config = _example(
        {"revision": _REVISION_EXAMPLE, "ruleset": RULESET_EXAMPLE, "changes": _CHANGE_EXAMPLE}
    )

    revision: RevisionLine
    ruleset: dict[str, Any]
    changes: Change


class TryTicket(BaseModel):
    """A stored ticket, or one given with its scores; and rules, the active ones if absent."""

    model_config = _asked({"ticket_id": "0198c0de-1f2e-7a3b-8c4d-5e6f70819203"})

    ticket_id: UUID | None = None
    ticket: Annotated[TicketShape, SkipValidation] | None = None
    scores: _Scores = Field(default={}, description="of a ticket that is given")
    thresholds: _Scores = Field(default={}, description="of such a ticket; 0.5 where absent")
    ruleset: GivenRuleset | None = None
    at: Moment | None = Field(
        default=None, description="as if decided then; else when it was, or now"
    )


class Routing(BaseModel):
    """A decision, with every rule that was considered."""

    model_config = _example(_ROUTING_EXAMPLE)

    primary_department: str
    collaborators: list[str]
    labels: list[str]
    preselected: list[str]
    suggested: list[str]
    reason: str
    rule: str | None
    trace: list[dict[str, Any]]


class TriedTicket(BaseModel):
    """What rules make of a ticket; for a stored one also what stands, and where the two differ."""

    model_config = _example(
        {"routing": _ROUTING_EXAMPLE, "stored": _ROUTING_EXAMPLE, "differences": []}
    )

    routing: Routing
    stored: Routing | None
    differences: list[str]


class Level(BaseModel):
    """What a label may do; a score that is left open is the model's own threshold."""

    model_config = ConfigDict(extra="forbid")

    automation: Automation = Automation.AUTO
    preselect_from: _Score | None = None
    auto_from: _Score | None = None

    @model_validator(mode="after")
    def _shows_before_it_steers(self) -> Self:
        shown, steers = self.preselect_from, self.auto_from
        if shown is not None and steers is not None and steers < shown:
            raise PydanticCustomError("order", "auto_from is below preselect_from")
        return self


class TryHistory(BaseModel):
    """Rules and levels to try on a period of arrival: `days` back from `until`, or `since` it."""

    model_config = _asked(
        {"ruleset": RULESET_EXAMPLE, "levels": {"refund": {"auto_from": 0.8}}, "days": 30}
    )

    ruleset: GivenRuleset | None = Field(default=None, description="the active ones if absent")
    levels: Annotated[dict[_LabelName, Level], Field(max_length=2_000)] = {}
    since: Moment | None = None
    until: Moment | None = Field(default=None, description="now if absent")
    days: Annotated[int, Field(ge=1, le=3_660)] = 30


class Move(BaseModel):
    """Tickets that change hands; the senders' ids of some, and the ids of the same ones here."""

    model_config = ConfigDict(from_attributes=True)

    before: str
    after: str
    tickets: int
    samples: list[str]
    ids: list[UUID]


class Load(BaseModel):
    """Tickets that a department owns."""

    model_config = ConfigDict(from_attributes=True)

    before: int
    after: int


class TriedHistory(BaseModel):
    """What would have been different.

    `of` decisions are in the period; `tickets` of them were looked at, a sample by hash if there
    are many, and `left_out` could not be made again. `judged` are those of which people said where
    they belong; `agreed_before` and `agreed_after` of them were and would be sent there. `gained`
    and `lost` count tickets by label.
    """

    model_config = ConfigDict(
        from_attributes=True,
        **_example(
            {
                "of": 41_322,
                "tickets": 41_322,
                "left_out": 0,
                "redecided": 2_210,
                "moved": 1_904,
                "moves": [
                    {
                        "before": "orders",
                        "after": "billing",
                        "tickets": 1904,
                        "samples": ["BW-7"],
                        "ids": ["0198c0de-1f2e-7a3b-8c4d-5e6f70819203"],
                    }
                ],
                "loads": {"billing": {"before": 6112, "after": 8016}},
                "judged": 1280,
                "agreed_before": 1098,
                "agreed_after": 1177,
                "gained": {},
                "lost": {},
            }
        ),
    )

    of: int
    tickets: int
    left_out: int
    redecided: int
    moved: int
    moves: list[Move]
    loads: dict[str, Load]
    judged: int
    agreed_before: int
    agreed_after: int
    gained: dict[str, int]
    lost: dict[str, int]


class RuleHits(BaseModel):
    """How often a rule held, and how often it named the primary department."""

    model_config = ConfigDict(
        from_attributes=True, **_example({"rule": "refunds", "held": 812, "won": 790})
    )

    rule: str
    held: int
    won: int


class Hits(BaseModel):
    """Hits of every rule that held for one of the period's `decisions`, the most frequent first."""

    model_config = _example(
        {
            "decisions": 41_322,
            "rules": [{"rule": "refunds", "held": 812, "won": 790}],
        }
    )

    decisions: int
    rules: list[RuleHits]
