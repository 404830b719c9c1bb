"""Mappings as data: what they find, and that nothing but Invalid comes of odd payloads."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.types import HelpdeskKind
from helpdesks.kinds import KINDS
from helpdesks.mapping import checked, moment, tags
from helpdesks.seen import Seen
from tests.factories.helpdesks import (
    PAYLOADS,
    a_conversation,
    chatwoot_message,
    zammad_payload,
    zendesk_event,
)

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _parsed(kind: HelpdeskKind, payload: Any, **own: str) -> Any:
    return KINDS[kind].parse(payload, {}, {**KINDS[kind].mapping, **own}, _NOW)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_expressions_of_each_helpdesk_are_ones(kind: HelpdeskKind) -> None:
    checked(KINDS[kind].mapping)


def test_an_event_of_zendesk() -> None:
    told: Seen = _parsed(HelpdeskKind.ZENDESK, zendesk_event(brand_id=4))
    assert told.content is not None
    assert (told.external_id, told.actor, told.delivery_id) == ("35436", "501", "ev-1")
    assert (told.place.team, told.place.tags) == ("10", ("vip",))
    assert (told.content.customer, told.content.priority, told.content.channel) == (
        "501",
        "HIGH",
        "email",
    )
    assert told.content.metadata == {"brand": 4}
    assert told.at == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_a_trigger_of_zammad() -> None:
    told: Seen = _parsed(HelpdeskKind.ZAMMAD, zammad_payload(tags=["b", "a"]))
    assert told.content is not None
    assert (told.external_id, told.actor, told.agent) == ("7", "5", "kim@example.com")
    assert (told.place.team, told.place.tags) == ("Users", ("a", "b"))
    assert told.content.customer == "kim@example.com"


def test_messages_and_conversations_of_chatwoot_name_the_same_ticket() -> None:
    message: Seen = _parsed(HelpdeskKind.CHATWOOT, chatwoot_message())
    event = {"event": "conversation_updated", **a_conversation()}
    whole: Seen = _parsed(HelpdeskKind.CHATWOOT, event)
    assert message.content is not None
    assert whole.content is not None
    assert (message.external_id, message.content.body) == (whole.external_id, whole.content.body)
    assert message.content.subject == "Parcel is late"
    assert message.said_at == whole.said_at
    assert whole.place.team == ""


def test_no_team_is_told_from_a_team_that_is_not_told() -> None:
    def team(kind: HelpdeskKind, payload: Any) -> str | None:
        told: Seen = _parsed(kind, payload)
        return told.place.team

    assert team(HelpdeskKind.ZENDESK, zendesk_event(group_id=None)) == ""
    assert team(HelpdeskKind.ZENDESK, {"detail": {"id": "7"}}) is None
    without = chatwoot_message(conversation=a_conversation(meta={}))
    assert team(HelpdeskKind.CHATWOOT, chatwoot_message()) == ""
    assert team(HelpdeskKind.CHATWOOT, without) is None


def test_what_is_not_found_is_told() -> None:
    told: Seen = _parsed(HelpdeskKind.ZAMMAD, {"ticket": {"id": 7}}, language="nowhere.at.all")
    assert {"subject", "body", "language"} <= {*told.missing}


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"colour": "a"}, "mapping.colour"),
        ({"subject": "a["}, "mapping.subject"),
        ({"subject": "nothing(a)"}, "mapping.subject"),
        ({"subject": "(" * 400}, "mapping.subject"),
        ({"subject": "a" * 501}, "mapping.subject"),
    ],
)
def test_what_is_no_mapping_is_refused_by_its_field(mapping: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(mapping)
        _parsed(HelpdeskKind.ZAMMAD, {"ticket": {"id": 7}}, **mapping)
    assert refused.value.field == field


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def _shaken(payload: Any, replace: dict[str, Any]) -> Any:
    """The payload with values elsewhere than a helpdesk has them."""
    if isinstance(payload, dict):
        return {
            key: replace[key] if key in replace else _shaken(each, replace)
            for key, each in payload.items()
        }
    return payload


_KEYS = sorted(
    {
        *zendesk_event()["detail"],
        *zammad_payload()["ticket"],
        *chatwoot_message(),
        "ticket",
        "detail",
    }
)


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(replace=st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=4), whole=_JSON)
def test_nothing_but_invalid_comes_of_any_payload(
    kind: HelpdeskKind, replace: dict[str, Any], whole: Any
) -> None:
    shaken = _shaken(PAYLOADS.get(kind, {"ticket": {"id": 1}}), replace)
    for payload in (shaken, {"ticket": whole, "detail": whole, "data": whole, "type": whole}):
        try:
            told = _parsed(kind, payload)
        except Invalid:
            continue
        if isinstance(told, Seen):
            assert 1 <= len(told.external_id) <= 200
            assert told.at <= _NOW


@given(value=_JSON)
def test_moments_and_tags_of_anything(value: Any) -> None:
    found = moment(value)
    assert found is None or found.tzinfo is UTC
    assert tags(value) is None or all(tags(value) or ["x"])
