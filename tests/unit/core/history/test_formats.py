from typing import Any

import pytest

from core.errors import Invalid
from core.history.formats import read_row, recognised
from core.history.mapping import AS_IT_IS, HistoryMapping
from core.types import HistoryFormat

ZAMMAD_HOOK = {
    "ticket": {
        "id": 8,
        "title": "Printer",
        "group": {"id": 2, "name": "Users"},
        "priority": {"name": "2 normal"},
        "customer": {"email": "", "login": "ann"},
        "tags": ["hardware"],
    },
    "article": {"sender": "Customer", "body": "<p>It burns.</p>", "type": "email"},
}


def _row(**changes: Any) -> dict[str, Any]:
    return {"id": "1", "subject": "s", "body": "b", "labels": ["a"], **changes}


def test_a_payload_of_zammads_webhook_is_a_row_too() -> None:
    ticket = read_row(ZAMMAD_HOOK, HistoryFormat.ZAMMAD, AS_IT_IS)
    assert (ticket.id, ticket.subject, ticket.body) == ("8", "Printer", "<p>It burns.</p>")
    assert (ticket.customer, ticket.channel, ticket.priority) == ("ann", "email", "2 normal")
    assert ticket.metadata == {"final_department": "Users"}


@pytest.mark.parametrize(
    ("row", "format_"),
    [
        (_row(), HistoryFormat.JSONL),
        (ZAMMAD_HOOK, HistoryFormat.ZAMMAD),
        ({"id": 1, "title": "t", "group": "g"}, HistoryFormat.ZAMMAD),
        ({"id": 1, "description": "d", "requester_id": 3, "tags": []}, HistoryFormat.ZENDESK),
    ],
)
def test_an_export_is_recognised_by_its_first_row(
    row: dict[str, Any], format_: HistoryFormat
) -> None:
    assert recognised(row) is format_


def test_a_row_without_an_id_is_known_by_its_text() -> None:
    first, again, other = (
        read_row(_row(id=None, body=body), HistoryFormat.JSONL, AS_IT_IS).id
        for body in ("b", "b", "c")
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("format_", "labels", "mapping", "expected"),
    [
        (HistoryFormat.JSONL, [], {}, ()),
        (HistoryFormat.CSV, "", {}, None),
        (HistoryFormat.CSV, "", {"unlabelled": "keep"}, ()),
        (HistoryFormat.JSONL, [], {"unlabelled": "refuse"}, None),
        (HistoryFormat.JSONL, ["junk"], {"only_named": True}, None),
        (HistoryFormat.JSONL, None, {"unlabelled": "keep"}, None),
    ],
)
def test_a_row_that_nobody_labelled_does_not_say_that_nothing_fits(
    format_: HistoryFormat,
    labels: object,
    mapping: dict[str, Any],
    expected: tuple[str, ...] | None,
) -> None:
    row, how = _row(labels=labels), HistoryMapping(**mapping)
    if expected is not None:
        assert read_row(row, format_, how).labels == expected
        return
    with pytest.raises(Invalid, match="labels"):
        read_row(row, format_, how)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "", "body": ""}, "body"),
        ({"body": "x" * 100_001}, "body"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"id": True}, "id"),
        ({"body": {"text": "b"}}, "body"),
    ],
)
def test_a_bad_row_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_row(_row(**changes), HistoryFormat.JSONL, AS_IT_IS)
    assert refused.value.field == field
