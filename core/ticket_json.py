"""The ticket JSON contract: one object in, one `Ticket` or an `Invalid` that names the field.

The wire shape is here and nowhere else; HTTP, Celery and files all come through `parse_ticket`.
"""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from core.errors import Invalid
from core.text import clean_text
from core.types import Ticket

MAX_SUBJECT_CHARS = 1_000
MAX_BODY_CHARS = 100_000
MAX_LABELS = 200
MAX_METADATA_BYTES = 16_384
MAX_METADATA_DEPTH = 8

_Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TicketShape(BaseModel):
    """A ticket on the wire. Unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: _Short
    subject: Annotated[str, StringConstraints(max_length=MAX_SUBJECT_CHARS)]
    body: Annotated[str, StringConstraints(max_length=MAX_BODY_CHARS)]
    channel: _Short | None = None
    language: _Short | None = None
    customer: _Short | None = None
    priority: _Short | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: datetime | None = Field(default=None, strict=False)
    deadline: datetime | None = Field(default=None, strict=False)
    labels: Annotated[list[_Short], Field(max_length=MAX_LABELS)] | None = None


_FIXES = {
    "extra_forbidden": "remove it or put it under metadata",
    "missing": "add it",
    "string_too_long": "shorten it",
    "string_too_short": "give it at least one character or leave it out",
    "string_type": "send a string",
    "list_type": "send a list of strings",
    "dict_type": "send an object",
    "too_long": "send fewer",
    "datetime_from_date_parsing": "send an ISO 8601 time such as 2026-01-31T09:30:00Z",
    "datetime_type": "send an ISO 8601 time such as 2026-01-31T09:30:00Z",
}


def parse_ticket(raw: object, *, ignore_unknown: bool = False) -> Ticket:
    """Checks and cleans one decoded JSON value.

    Args:
        raw: what `json.loads` or a Celery message gave.
        ignore_unknown: drop unknown fields instead of refusing them; for labelled data files,
            whose rows carry columns of their own.

    Raises:
        Invalid: names the first wrong field, what is wrong and what to send instead.
    """
    if not isinstance(raw, dict):
        raise Invalid("ticket", f"is {_json_type(raw)}, not an object", "send a JSON object")
    fields = {k: raw[k] for k in TicketShape.model_fields if k in raw} if ignore_unknown else raw
    try:
        shape = TicketShape.model_validate(_clean(fields, depth=0))
    except ValidationError as error:
        _refuse(error)
    _check_metadata_size(shape.metadata)
    return Ticket(
        **shape.model_dump(exclude={"labels", "created_at", "deadline"}),
        created_at=_aware("created_at", shape.created_at),
        deadline=_aware("deadline", shape.deadline),
        labels=None if shape.labels is None else tuple(dict.fromkeys(shape.labels)),
    )


def loads(line: str | bytes) -> Any:
    """Decodes JSON and turns each way that this can fail into an `Invalid` for field `ticket`."""
    try:
        return json.loads(line, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise Invalid("ticket", "is not UTF-8", "save the file as UTF-8") from error
    except RecursionError as error:
        raise Invalid("ticket", "is nested too deeply", "flatten it") from error
    except json.JSONDecodeError as error:
        problem = f"is not JSON ({error.msg.lower()} at column {error.colno})"
        raise Invalid("ticket", problem, "send one JSON object a line") from error
    except ValueError as error:
        raise Invalid("ticket", "holds a number out of range", "send it as a string") from error


def ticket_object(ticket: Ticket) -> dict[str, Any]:
    """The ticket as the JSON object that `parse_ticket` takes; absent fields are left out."""
    shape = {
        "id": ticket.id,
        "subject": ticket.subject,
        "body": ticket.body,
        "channel": ticket.channel,
        "language": ticket.language,
        "customer": ticket.customer,
        "priority": ticket.priority,
        "metadata": dict(ticket.metadata) or None,
        "created_at": ticket.created_at.isoformat() if ticket.created_at else None,
        "deadline": ticket.deadline.isoformat() if ticket.deadline else None,
        "labels": None if ticket.labels is None else list(ticket.labels),
    }
    return {name: value for name, value in shape.items() if value is not None}


def _clean(value: Any, *, depth: int) -> Any:
    """Cleans every string inside; Postgres' jsonb takes neither NUL nor lone surrogates."""
    if depth > MAX_METADATA_DEPTH + 1:
        raise Invalid(
            "metadata", "is nested too deeply", f"use at most {MAX_METADATA_DEPTH} levels"
        )
    if isinstance(value, str):
        return clean_text(value).text
    if isinstance(value, list):
        return [_clean(item, depth=depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean_text(str(k)).text: _clean(item, depth=depth + 1) for k, item in value.items()}
    return value


def _check_metadata_size(metadata: dict[str, Any]) -> None:
    try:
        size = len(json.dumps(metadata, allow_nan=False))
    except ValueError as error:
        raise Invalid("metadata", "holds NaN or infinity", "send it as a string") from error
    if size > MAX_METADATA_BYTES:
        raise Invalid(
            "metadata", f"takes {size} bytes", f"keep it under {MAX_METADATA_BYTES} bytes"
        )


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "ticket"
    fix = _FIXES.get(first["type"], "send what the ticket contract asks for")
    problem = "is not a known field" if first["type"] == "extra_forbidden" else first["msg"].lower()
    raise Invalid(clean_text(field).text[:200], problem, fix) from error


def _refuse_constant(name: str) -> NoReturn:
    raise Invalid("ticket", f"holds {name}, which is not JSON", "send a number or null")


def _aware(field: str, moment: datetime | None) -> datetime | None:
    """A time without a zone is taken as UTC."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(field, "is before the year 1 or after 9999 in UTC", "mend it") from error


def _json_type(raw: object) -> str:
    names = {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(raw), "a number")
