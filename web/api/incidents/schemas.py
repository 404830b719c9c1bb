"""The shapes of incidents."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_TICKET = "0198c6f2-5b1e-7c3a-9d4e-2f6a8b0c1d2e"
_INCIDENT: dict[str, Any] = {
    "id": 3,
    "department": "network",
    "labels": ["vpn"],
    "tickets": 42,
    "first": _TICKET,
    "opened_at": "2026-03-01T09:31:02Z",
    "last_at": "2026-03-01T09:44:10Z",
    "closed_at": None,
    "closed_by": None,
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class WantedIncidents(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "closed", "any"] = "open"
    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class IncidentShape(BaseModel):
    """A storm of tickets that say nearly the same."""

    model_config = ConfigDict(from_attributes=True, **_example(_INCIDENT))

    id: int
    department: str = Field(description="where its tickets go")
    labels: list[str] = Field(description="of more than half of the tickets that opened it")
    tickets: int
    first: UUID | None = Field(
        description="the ticket that arrived first; null once all are erased"
    )
    opened_at: datetime
    last_at: datetime = Field(description="when the newest ticket joined")
    closed_at: datetime | None
    closed_by: str | None = Field(description="null while it is open, and where it ended by itself")


class IncidentList(BaseModel):
    """A page, newest first. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"incidents": [_INCIDENT], "next": None})

    incidents: list[IncidentShape]
    next: str | None


class IncidentRecord(IncidentShape):
    """An incident with the ids of its first tickets, at most 1,000, in the order of arrival."""

    model_config = ConfigDict(
        from_attributes=True, **_example({**_INCIDENT, "ticket_ids": [_TICKET]})
    )

    ticket_ids: list[UUID]
