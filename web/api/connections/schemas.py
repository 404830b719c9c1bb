"""The shapes of connections over HTTP; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.types import HelpdeskKind, HelpdeskWrite
from helpdesks.expressions import MAX_CHARS as MAX_EXPRESSION_CHARS
from web.api.words import SAID, Word

_MOST = 200
Name = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_Url = Annotated[str, Field(min_length=1, max_length=2_000), SAID]
_Secret = Annotated[str, Field(min_length=8, max_length=500), SAID]
_Token = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[\x21-\x7e]+$")]
Mapping = Annotated[
    dict[Word, Annotated[str, Field(min_length=1, max_length=MAX_EXPRESSION_CHARS), SAID]],
    Field(max_length=_MOST),
]
_Teams = Annotated[dict[Word, Word], Field(max_length=1_000)]
_Secrets = Annotated[list[_Secret], Field(max_length=2)]
_Writes = Annotated[list[HelpdeskWrite], Field(max_length=len(HelpdeskWrite))]
_SHOWN: dict[str, Any] = {
    "name": "zammad",
    "kind": "zammad",
    "base_url": "https://help.example.com",
    "account": None,
    "service_user": "42",
    "labels_field": None,
    "mapping": {"language": "ticket.language"},
    "teams": {"billing": "Billing"},
    "writes": ["team", "tags", "note"],
    "active": True,
    "secrets": 1,
    "has_token": True,
    "intake": "/v1/intake/zammad",
    "created_by": "ann",
    "created_at": "2026-03-01T09:30:00Z",
}
_ASKED: dict[str, Any] = {
    "name": "zammad",
    "kind": "zammad",
    "base_url": "https://help.example.com",
    "service_user": "42",
    "secrets": ["a long secret of this webhook"],
    "token": "sXb1",
    "teams": {"billing": "Billing"},
    "writes": ["team", "tags", "note"],
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


def _asked(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"example": value})


class Connection(BaseModel):
    """A connection without its secrets: only how many there are."""

    model_config = _example(_SHOWN)

    name: str
    kind: HelpdeskKind
    base_url: str | None
    account: str | None
    service_user: str | None
    labels_field: str | None
    mapping: dict[str, str]
    teams: dict[str, str]
    writes: list[HelpdeskWrite]
    active: bool
    secrets: int
    has_token: bool
    intake: str
    created_by: str
    created_at: datetime


class Connections(BaseModel):
    """Every connection, by name."""

    model_config = _example({"connections": [_SHOWN]})

    connections: list[Connection]


class ConnectionChange(BaseModel):
    """What should be otherwise: what is absent stays, null takes away."""

    model_config = _asked({"teams": {"billing": "Billing"}, "writes": ["tags", "note"]})

    base_url: _Url | None = Field(default=None, description="Of the helpdesk's API.")
    account: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] | None = Field(
        default=None, description="Number of the account at Chatwoot."
    )
    service_user: Word | None = Field(
        default=None, description="Id of the user that we write as, whose changes are our own."
    )
    labels_field: Word | None = Field(
        default=None, description="Custom field of Request Tracker that holds labels."
    )
    secrets: _Secrets = Field(
        default=[],
        description="That it signs with, newest first; two while one is replaced. Never shown.",
    )
    token: _Token | None = Field(
        default=None,
        description="Opens its API; `name:password` where that is how it is opened. Never shown.",
    )
    mapping: Mapping = Field(
        default={}, description="JMESPath of a field, where a payload is not the helpdesk's own."
    )
    teams: _Teams = Field(
        default={}, description="What the helpdesk calls a department, by the department's name."
    )
    writes: _Writes = Field(default=[], description="What is written back; nothing if empty.")
    active: bool = Field(default=True, description="Whether it is spoken with at all.")


class NewConnection(ConnectionChange):
    """A connection to be."""

    model_config = _asked(_ASKED)

    name: Name
    kind: HelpdeskKind


class Sample(BaseModel):
    """A payload as the helpdesk sends it, and a mapping to try instead of the one that stands."""

    model_config = _asked(
        {
            "sample": {"ticket": {"id": 7, "title": "Parcel is late"}},
            "mapping": {"subject": "ticket.title"},
        }
    )

    sample: dict[str, Any]
    mapping: Mapping | None = None


class Preview(BaseModel):
    """What a sample would become: nothing of it is kept."""

    model_config = _example(
        {
            "outcome": "ticket",
            "reason": None,
            "ticket": {"id": "7", "subject": "Parcel is late", "body": ""},
            "team": "Orders",
            "tags": None,
            "actor": "3",
            "missing": ["language"],
        }
    )

    outcome: Literal["ticket", "place", "feedback", "ignored"] = Field(
        description="A ticket, where one lies, a word on a decision, or nothing."
    )
    reason: str | None
    ticket: dict[str, Any] | None
    team: str | None
    tags: list[str] | None
    actor: str | None
    missing: list[str] = Field(description="Fields for which the mapping found nothing.")


class Removed(BaseModel):
    """The connection that is no more; its tickets stay."""

    model_config = _example({"removed": "zammad"})

    removed: str
