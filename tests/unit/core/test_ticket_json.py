import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.ticket_json import loads, parse_ticket, ticket_object
from core.types import Ticket

WHOLE = {
    "id": "t-1",
    "subject": "Late",
    "body": "Where is it?",
    "channel": "email",
    "language": "en",
    "customer": "c-7",
    "priority": "high",
    "metadata": {"tier": "gold"},
    "created_at": "2026-01-31T09:30:00Z",
    "labels": ["delivery", "delivery", "refund"],
}


def _without(field: str) -> dict[str, Any]:
    return {name: value for name, value in WHOLE.items() if name != field}


def test_a_whole_ticket_is_read_and_written_back() -> None:
    ticket = parse_ticket(WHOLE)
    assert ticket.labels == ("delivery", "refund")
    assert parse_ticket(ticket_object(ticket)) == ticket


def test_a_ticket_with_an_empty_label_list_keeps_it_apart_from_none() -> None:
    assert parse_ticket({**WHOLE, "labels": []}).labels == ()
    assert parse_ticket(_without("labels")).labels is None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("text", "ticket"),
        ([], "ticket"),
        (None, "ticket"),
        (_without("id"), "id"),
        (_without("subject"), "subject"),
        (_without("body"), "body"),
        ({**WHOLE, "id": ""}, "id"),
        ({**WHOLE, "id": 7}, "id"),
        ({**WHOLE, "subject": "x" * 1001}, "subject"),
        ({**WHOLE, "body": "x" * 100_001}, "body"),
        ({**WHOLE, "body": ["x"]}, "body"),
        ({**WHOLE, "colour": "red"}, "colour"),
        ({**WHOLE, "labels": "delivery"}, "labels"),
        ({**WHOLE, "labels": [1]}, "labels.0"),
        ({**WHOLE, "labels": [""]}, "labels.0"),
        ({**WHOLE, "created_at": "yesterday"}, "created_at"),
        ({**WHOLE, "metadata": []}, "metadata"),
        ({**WHOLE, "metadata": {"x": float("nan")}}, "metadata"),
        ({**WHOLE, "metadata": {"x": "y" * 20_000}}, "metadata"),
    ],
)
def test_each_wrong_field_is_named_with_what_to_do(raw: object, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_ticket(raw)
    assert caught.value.field == field
    assert caught.value.fix


def test_deep_metadata_is_refused_before_it_exhausts_the_stack() -> None:
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"x": deep}
    with pytest.raises(Invalid, match="metadata"):
        parse_ticket({**WHOLE, "metadata": deep})


def test_unknown_fields_of_data_files_can_be_ignored() -> None:
    assert parse_ticket({**WHOLE, "split": "train"}, ignore_unknown=True).id == "t-1"


def test_text_that_postgres_refuses_is_cleaned_everywhere() -> None:
    ticket = parse_ticket({**WHOLE, "body": "a\x00\ud800", "metadata": {"k\x00": ["\ud800"]}})
    assert ticket.body == "a\ufffd\ufffd"
    assert ticket.metadata == {"k\ufffd": ["\ufffd"]}


@pytest.mark.parametrize(
    "line", ["{", "nothing", '{"a": NaN}', "[" * 100_000, '{"a": ' + "9" * 5_000 + "}", b"\xff{}"]
)
def test_what_is_not_json_is_refused_with_a_reason(line: str | bytes) -> None:
    with pytest.raises(Invalid) as caught:
        loads(line)
    assert caught.value.field == "ticket"


@pytest.mark.parametrize("field", ["created_at", "deadline"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_utc_does_not_have_is_refused(field: str, moment: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_ticket({"id": "x", "subject": "s", "body": "b", field: moment})
    assert caught.value.field == field


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_value_is_a_ticket_or_a_clear_refusal(raw: object) -> None:
    try:
        ticket = parse_ticket(raw)
    except Invalid as error:
        assert error.field
    else:
        assert isinstance(ticket, Ticket)


@given(st.text(max_size=300), st.text(max_size=300))
def test_what_a_ticket_object_says_survives_json(subject: str, body: str) -> None:
    ticket = parse_ticket({"id": "x", "subject": subject, "body": body})
    assert parse_ticket(json.loads(json.dumps(ticket_object(ticket)))) == ticket
