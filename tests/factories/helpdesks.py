"""Helpdesks: connections, deliveries as they send them, signed, and a strict stub of their APIs."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from core.addresses import Reach
from core.sealing import Box
from core.types import HelpdeskKind
from helpdesks.conformance.senders import SECRET, STANDARD_SECRET
from helpdesks.desk import Access
from store.engine import transaction
from store.helpdesk.helpdesks import Helpdesk
from web.api.connections.changes import Terms, add_connection
from web.api.connections.schemas import NewConnection

BOX = Box(None)
TERMS = Terms(box=BOX, reach=Reach(), is_production=False)


def connect(engine: Engine, kind: HelpdeskKind, terms: Terms = TERMS, **more: Any) -> Helpdesk:
    """A connection named as its kind."""
    secret = STANDARD_SECRET if kind is HelpdeskKind.STANDARD else SECRET
    is_asked = kind is HelpdeskKind.REQUEST_TRACKER
    fields: dict[str, Any] = {
        "name": str(kind),
        "kind": kind,
        "secrets": [] if is_asked else [secret],
    }
    body = NewConnection.model_validate({**fields, **more})
    return transaction(engine, lambda c: add_connection(c, body, "ann", terms))


def writing(kind: HelpdeskKind) -> dict[str, Any]:
    """What a connection needs to be written back through."""
    common = {
        "base_url": "https://help.example.com",
        "token": "token",
        "writes": ["team", "tags", "note"],
        "service_user": "99",
    }
    needed: dict[HelpdeskKind, dict[str, Any]] = {
        HelpdeskKind.ZENDESK: {**common, "teams": {"orders": "11", "billing": "12"}},
        HelpdeskKind.ZAMMAD: common,
        HelpdeskKind.CHATWOOT: {
            **common,
            "account": "1",
            "teams": {"orders": "11", "billing": "12"},
        },
        HelpdeskKind.REQUEST_TRACKER: {**common, "labels_field": "Labels"},
    }
    return needed[kind]


def access(kind: HelpdeskKind, ask: Any) -> Access:
    return Access(
        ask=ask,
        base_url="https://help.example.com",
        token="token",
        account="1" if kind is HelpdeskKind.CHATWOOT else "",
        labels_field="Labels" if kind is HelpdeskKind.REQUEST_TRACKER else "",
    )


def zendesk_event(
    *,
    at: str = "2026-03-01T09:00:00Z",
    id_: str = "ev-1",
    external_id: str = "35436",
    **detail: Any,
) -> dict[str, Any]:
    fields = {
        "id": external_id,
        "subject": "Parcel is late",
        "description": "It should be here by now.",
        "created_at": "2026-03-01T09:00:00Z",
        "updated_at": at,
        "actor_id": "501",
        "requester_id": "501",
        "group_id": "10",
        "tags": ["vip"],
        "priority": "HIGH",
        "via": {"channel": "email"},
    }
    return {
        "account_id": 1,
        "id": id_,
        "time": at,
        "type": "zen:event-type:ticket.created",
        "zendesk_event_version": "2022-11-06",
        "subject": f"zen:ticket:{external_id}",
        "detail": {**fields, **detail},
        "event": {"meta": {"sequence": {"id": "s", "position": 1}}},
    }


def zammad_payload(*, at: str = "2026-03-01T09:00:00.000Z", **ticket: Any) -> dict[str, Any]:
    fields = {
        "id": 7,
        "number": "31007",
        "title": "Parcel is late",
        "group": {"id": 1, "name": "Users"},
        "state": "new",
        "priority": {"id": 2, "name": "2 normal"},
        "customer": {"id": 5, "email": "kim@example.com"},
        "customer_id": 5,
        "owner": None,
        "organization": None,
        "created_at": "2026-03-01T09:00:00.000Z",
        "updated_at": at,
        "updated_by": {"id": 5, "login": "kim@example.com"},
        "updated_by_id": 5,
        "article_ids": [70],
    }
    return {"ticket": {**fields, **ticket}, "article": an_article()}


def an_article(**changes: Any) -> dict[str, Any]:
    fields = {
        "id": 70,
        "ticket_id": 7,
        "body": "<p>It should be here by now.</p>",
        "content_type": "text/html",
        "internal": False,
        "sender": "Customer",
        "type": "email",
        "created_at": "2026-03-01T09:00:00.000Z",
        "attachments": [],
    }
    return {**fields, **changes}


def chatwoot_message(*, at: str = "2026-03-01T09:00:00.000Z", **changes: Any) -> dict[str, Any]:
    fields = {
        "event": "message_created",
        "id": 900,
        "content": "It should be here by now.",
        "created_at": at,
        "message_type": "incoming",
        "content_type": "text",
        "private": False,
        "sender": {"id": 5, "name": "Kim", "type": "contact"},
        "inbox": {"id": 3, "name": "Mail"},
        "conversation": a_conversation(),
        "account": {"id": 1, "name": "Shop"},
    }
    return {**fields, **changes}


def a_conversation(**changes: Any) -> dict[str, Any]:
    fields = {
        "id": 7,
        "inbox_id": 3,
        "status": "open",
        "channel": "Channel::Email",
        "additional_attributes": {"mail_subject": "Parcel is late"},
        "labels": [],
        "meta": {"sender": {"id": 5}, "assignee": None, "team": None},
        "updated_at": 1772355600.0,
        "messages": [
            {
                "id": 900,
                "content": "It should be here by now.",
                "message_type": 0,
                "private": False,
                "created_at": 1772355600,
            }
        ],
    }
    return {**fields, **changes}


def standard_ticket(*, at: str = "2026-03-01T09:00:00Z", **data: Any) -> dict[str, Any]:
    fields = {
        "id": "BW-7",
        "subject": "Parcel is late",
        "body": "It should be here by now.",
        "created_at": "2026-03-01T09:00:00Z",
    }
    return {"type": "ticket.created", "timestamp": at, "data": {**fields, **data}}


PAYLOADS: Mapping[HelpdeskKind, dict[str, Any]] = {
    HelpdeskKind.ZENDESK: zendesk_event(),
    HelpdeskKind.ZAMMAD: zammad_payload(),
    HelpdeskKind.CHATWOOT: chatwoot_message(),
    HelpdeskKind.STANDARD: standard_ticket(),
}


def encoded(payload: Any) -> bytes:
    return json.dumps(payload).encode()
