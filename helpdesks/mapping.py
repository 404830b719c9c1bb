"""Where the fields of a ticket stand in what a helpdesk sends, kept as data: JMESPath expressions.

Each helpdesk has its own expressions; a connection's replace them one by one, for payloads that
its admin has changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import Invalid
from core.text import clean_text
from core.ticket_json import (
    MAX_BODY_CHARS,
    MAX_METADATA_BYTES,
    MAX_SUBJECT_CHARS,
    loads,
    parse_ticket,
)
from core.types import Ticket
from helpdesks.expressions import Evaluator, check
from helpdesks.seen import Place, Seen

_SHORT_CHARS = 200
_MOST_TAGS = 200
_OF_CONTENT = ("channel", "language", "customer", "priority")
FIELDS = (
    *("id", "subject", "body", *_OF_CONTENT, "metadata", "created_at"),
    *("said_at", "updated_at", "actor", "agent", "team", "tags"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a helpdesk knows of its payload besides the mapping.

    Attributes:
        has_content: whether it tells what the customer said.
        delivery_id: if there is one.
        at: when it was sent, where the payload does not say when it was so.
        now: by our clock; nothing is later.
    """

    has_content: bool
    delivery_id: str | None
    at: datetime
    now: datetime


def checked(mapping: Mapping[str, str]) -> None:
    """Refuses what is no mapping.

    Raises:
        Invalid: names the field, and what is wrong with it.
    """
    for field, expression in mapping.items():
        if field not in FIELDS:
            fix = f"use {', '.join(FIELDS)}"
            raise Invalid(f"mapping.{field[:_SHORT_CHARS]}", "is no field", fix)
        check(field, expression)


def decoded(body: bytes) -> dict[str, Any]:
    """The JSON object that a delivery is.

    Raises:
        Invalid: it is none.
    """
    try:
        payload = loads(body)
    except Invalid as error:
        raise Invalid("body", error.problem, "send a JSON object in UTF-8") from error
    if not isinstance(payload, dict):
        raise Invalid("body", "is no JSON object", "send a JSON object")
    return payload


def seen(payload: object, mapping: Mapping[str, str], told: Snapshot) -> Seen:
    """The snapshot that a payload holds.

    Raises:
        Invalid: an expression fails on it, it names no ticket, or the ticket is not one.
    """
    evaluator = Evaluator(payload)
    found = {field: evaluator.found(field, path) for field, path in mapping.items()}
    external_id = short(found.get("id"))
    if external_id is None:
        raise Invalid("id", "is nowhere in the delivery", "map `id` to where the ticket's id is")
    at = min(moment(found.get("updated_at")) or told.at, told.now)
    said_at = moment(found.get("said_at")) or moment(found.get("created_at"))
    return Seen(
        external_id=external_id,
        at=at,
        content=_ticket(external_id, found) if told.has_content else None,
        said_at=said_at,
        place=Place(team=_team(found.get("team")), tags=tags(found.get("tags"))),
        actor=short(found.get("actor")),
        agent=short(found.get("agent")),
        delivery_id=told.delivery_id,
        missing=tuple(field for field in mapping if found[field] is None),
    )


def short(value: object) -> str | None:
    """A short text: of a string or a number, clean, cut to 200 characters; None for others."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean_text(str(value)).text.strip()[:_SHORT_CHARS] or None


def tags(value: object) -> tuple[str, ...] | None:
    """Tags of a list, or of a string with commas or spaces between them; None for others."""
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if not isinstance(value, list):
        return None
    found = (short(each) for each in value[:_MOST_TAGS])
    return tuple(sorted({each for each in found if each}))


def moment(value: object) -> datetime | None:
    """A moment of ISO 8601 or of seconds since 1970; None for what is neither."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value.strip().replace(" UTC", "Z"))
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _ticket(external_id: str, found: Mapping[str, Any]) -> Ticket:
    """What is longer than a ticket may be is cut: the helpdesk would send it again and again."""
    created = moment(found.get("created_at"))
    shorts = {field: short(found.get(field)) for field in _OF_CONTENT}
    fields = {
        "id": external_id,
        "subject": _long(found.get("subject"))[:MAX_SUBJECT_CHARS],
        "body": _long(found.get("body"))[:MAX_BODY_CHARS],
        "created_at": None if created is None else created.isoformat(),
        "metadata": _metadata(found.get("metadata")),
        **shorts,
    }
    return parse_ticket({name: value for name, value in fields.items() if value is not None})


def _long(value: object) -> str:
    """Cut after cleaning, which can make a text longer."""
    return clean_text(value).text if isinstance(value, str) else short(value) or ""


def _metadata(value: object) -> dict[str, Any] | None:
    """What is told of it; without lists and objects, and nothing where it is too much."""
    if not isinstance(value, dict):
        return None
    plain = {
        str(name): each
        for name, each in value.items()
        if isinstance(each, str | int | float | bool)
    }
    size = sum(len(name) + len(str(each)) + 8 for name, each in plain.items())
    return plain if size * 6 < MAX_METADATA_BYTES else None


def _team(value: object) -> str | None:
    """The team; an empty one where the delivery says that there is none."""
    return "" if value == "" else short(value)
