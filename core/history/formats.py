"""One row of an export as a labelled ticket, whatever wrote the export.

The text of a ticket is what its customer said first: a model decides on that alone, so nothing
that came later may teach it. Where the ticket ended stays in `metadata.final_department`.

Sources: Zendesk's JSON export (a ticket a line, with `comments`), Zammad's tickets as its REST API
gives them with `expand=true` and `articles` beside.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import Invalid
from core.history.mapping import HistoryMapping, label_names, mapped
from core.ticket_json import parse_ticket
from core.types import HistoryFormat, Ticket

FINAL_DEPARTMENT = "final_department"
_MAX_SHORT_CHARS = 200


# Headings that exports of tables use for a field, in lower case; the first that is there counts.
_HEADINGS: Mapping[str, Sequence[str]] = {
    "id": ("id", "ticket id", "ticket_id", "external_id", "number", "#", "key"),
    "subject": ("subject", "title", "summary"),
    "body": ("body", "description", "text", "message", "content", "comment"),
    "channel": ("channel", "via", "create channel"),
    "language": ("language", "locale"),
    "customer": ("customer", "requester", "requester email", "customer email"),
    "priority": ("priority",),
    "created_at": ("created_at", "created at", "created", "date"),
    "labels": ("labels", "label", "tags", "tag", "categories", "category"),
    "department": ("department", "group", "team", "queue"),
}
_TEXTS = ("id", "subject", "body", "channel", "language", "customer", "priority")
_OPTIONAL = ("channel", "language", "customer", "priority", "created_at")


def read_row(row: object, format_: HistoryFormat, mapping: HistoryMapping) -> Ticket:
    """The ticket that a row tells of, with labels.

    A row without an id is known by its text, so that the same row again is the same ticket.

    Raises:
        Invalid: names the field that is wrong or missing; never quotes the row.
    """
    if not isinstance(row, dict):
        raise Invalid("row", "is no object", "send an object for each ticket")
    found = _READERS[format_](row) | mapped(row, mapping)
    said = {name: _as_text(found.get(name)) for name in _TEXTS}
    said |= {name: None for name in _OPTIONAL if said.get(name) == ""}
    said["subject"], said["body"] = said["subject"] or "", _body(said)
    said["id"] = said["id"] or _id_of(said["subject"], said["body"])
    said["created_at"] = found.get("created_at") or None
    said["labels"] = _labels(found.get("labels"), format_, mapping)
    said["metadata"] = _metadata(found)
    return parse_ticket(said)


def recognised(row: Mapping[str, Any]) -> HistoryFormat:
    """What wrote a JSON export, by its first row."""
    if "article" in row or "articles" in row or ("title" in row and "group" in row):
        return HistoryFormat.ZAMMAD
    if "body" not in row and ({"comments", "raw_subject", "requester_id", "via"} & row.keys()):
        return HistoryFormat.ZENDESK
    return HistoryFormat.JSONL


def _jsonl(row: dict[str, Any]) -> dict[str, Any]:
    return row


def _csv(row: dict[str, Any]) -> dict[str, Any]:
    columns = {str(name).strip().lower(): value for name, value in reversed(row.items())}
    return {
        field: next((columns[name] for name in names if name in columns), None)
        for field, names in _HEADINGS.items()
    }


def _zendesk(row: dict[str, Any]) -> dict[str, Any]:
    comments = [each for each in _dicts(row.get("comments")) if each.get("public") is not False]
    said_first = comments[0] if comments else {}
    return {
        **{name: row.get(name) for name in ("id", "priority", "created_at")},
        "subject": row.get("subject") or row.get("raw_subject"),
        "body": said_first.get("body") or said_first.get("html_body") or row.get("description"),
        "channel": _name_of(row.get("via"), "channel"),
        "customer": _name_of(row.get("requester"), "email", "id") or row.get("requester_id"),
        "labels": row.get("tags"),
        "department": _name_of(row.get("group"), "name") or row.get("group_id"),
    }


def _zammad(row: dict[str, Any]) -> dict[str, Any]:
    ticket = row["ticket"] if isinstance(row.get("ticket"), dict) else row
    article = _first_of_customer(_dicts(row.get("articles")) or _dicts([row.get("article")]))
    return {
        **{name: ticket.get(name) for name in ("id", "created_at")},
        "subject": ticket.get("title"),
        "body": article.get("body"),
        "channel": _name_of(article.get("type"), "name"),
        "priority": _name_of(ticket.get("priority"), "name"),
        "customer": _name_of(ticket.get("customer"), "email", "login") or ticket.get("customer_id"),
        "labels": ticket.get("tags", row.get("tags")),
        "department": _name_of(ticket.get("group"), "name") or ticket.get("group_id"),
    }


_READERS: Mapping[HistoryFormat, Callable[[dict[str, Any]], dict[str, Any]]] = {
    HistoryFormat.JSONL: _jsonl,
    HistoryFormat.CSV: _csv,
    HistoryFormat.ZENDESK: _zendesk,
    HistoryFormat.ZAMMAD: _zammad,
}


def _first_of_customer(articles: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first article that its customer wrote; else the first that customers can see."""
    seen = [each for each in articles if not each.get("internal")]
    theirs = [each for each in seen if _name_of(each.get("sender"), "name") == "Customer"]
    return next(iter(theirs or seen), {})


def _dicts(said: object) -> list[dict[str, Any]]:
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def _name_of(said: object, *keys: str) -> Any:
    """A value as it is, or the first of an object's keys that says anything."""
    if not isinstance(said, dict):
        return said
    return next((said[key] for key in keys if said.get(key)), None)


def _as_text(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


def _body(said: Mapping[str, Any]) -> Any:
    body = said["body"] or ""
    if body == "" and said["subject"] == "":
        raise Invalid("body", "is empty, and so is the subject", "leave the row out")
    return body


def _id_of(subject: object, body: object) -> str:
    digest = hashlib.sha256(f"{subject}\0{body}".encode(errors="replace"))
    return f"text-{digest.hexdigest()[:32]}"


def _labels(said: object, format_: HistoryFormat, mapping: HistoryMapping) -> list[str]:
    names = label_names(said, mapping)
    explicit = format_ is HistoryFormat.JSONL and said == []
    kept = mapping.unlabelled == "keep" or (mapping.unlabelled is None and explicit)
    if names or (kept and names is not None):
        return names
    problem = "is missing" if names is None else "has no label left"
    raise Invalid("labels", problem, "give the labels that people chose, or map them")


def _metadata(found: Mapping[str, Any]) -> Any:
    given, department = found.get("metadata") or {}, _as_text(found.get("department"))
    if not isinstance(given, dict) or not isinstance(department, str) or not department.strip():
        return given
    return {**given, FINAL_DEPARTMENT: department.strip()[:_MAX_SHORT_CHARS]}
