"""Whoever speaks Standard Webhooks (standardwebhooks.com), with tickets in our own form.

A body is `{"type", "timestamp", "data"}`. `ticket.created` and `ticket.updated` carry a ticket;
`ticket.corrected` carries `id`, `agent`, and `labels` or `department` or both. What we have to say
goes the same way back (docs/webhooks.md), so there is no API to write to.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

from core.errors import Invalid
from helpdesks.mapping import Snapshot, moment, seen, short
from helpdesks.seen import Corrected, NotForUs, Signed, Told, Unverified
from helpdesks.signing import fresh, header, matches, since_1970

MAPPING: Mapping[str, str] = {
    "id": "data.id",
    "subject": "data.subject",
    "body": "data.body",
    "customer": "data.customer",
    "language": "data.language",
    "priority": "data.priority",
    "channel": "data.channel",
    "created_at": "data.created_at",
    "updated_at": "timestamp",
    "actor": "data.actor",
    "agent": "data.agent",
    "metadata": "data.metadata",
}
_ID, _STAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_TICKETS = frozenset({"ticket.created", "ticket.updated"})
_MOST_LABELS = 200
_LEAST_BYTES = 16
_FIX = "use whsec_ and base64 of at least 16 bytes"


def checked_secret(secret: str) -> str:
    """A secret that the scheme can use: `whsec_` and base64.

    Raises:
        Invalid: it is none.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("secrets", "are not of Standard Webhooks", _FIX) from error
    if len(key) < _LEAST_BYTES:
        raise Invalid("secrets", "are too short", _FIX)
    return secret


def verify(signed: Signed, secrets: tuple[str, ...]) -> None:
    """Refuses what was not signed with one of the secrets, or long ago.

    Raises:
        Unverified: tells why.
    """
    id_, stamp = header(signed, _ID), header(signed, _STAMP)
    given = header(signed, SIGNATURE).split(" ")
    at = since_1970(stamp)
    if at is None:
        raise Unverified(f"{_STAMP} is no time in seconds since 1970")
    expected = [_signature(secret, id_, at, signed.body) for secret in secrets]
    _any_matches(given, expected)
    fresh(at, signed)


def parse(
    payload: Mapping[str, Any],
    headers: Mapping[str, str],
    mapping: Mapping[str, str],
    now: datetime,
) -> Told:
    """What a delivery tells.

    Raises:
        Invalid: it is neither a ticket nor a correction.
    """
    kind, delivery = str(payload.get("type")), headers.get(_ID)
    if kind == "ticket.corrected":
        return _corrected(payload, delivery, now)
    if kind not in _TICKETS:
        return NotForUs(reason="it is not about a ticket", delivery_id=delivery)
    return seen(payload, mapping, Snapshot(has_content=True, delivery_id=delivery, at=now, now=now))


def _signature(secret: str, id_: str, at: datetime, body: bytes) -> str:
    return Webhook(secret).sign(msg_id=id_, timestamp=at, data=body.decode("utf-8", "replace"))


def _any_matches(given: list[str], expected: list[str]) -> None:
    """Several signatures stand beside each other while a secret is replaced."""
    for each in given[:-1]:
        try:
            return matches(each, expected)
        except Unverified:
            continue
    return matches(given[-1], expected)


def _corrected(payload: Mapping[str, Any], delivery: str | None, now: datetime) -> Corrected:
    data = payload.get("data")
    if not isinstance(data, dict):
        raise Invalid("data", "is no object", "send id, agent, labels or department")
    external_id, labels = short(data.get("id")), data.get("labels")
    if external_id is None:
        raise Invalid("data.id", "is missing", "name the ticket")
    if labels is not None and not isinstance(labels, list):
        raise Invalid("data.labels", "are no list", "send all labels that the ticket should have")
    return Corrected(
        external_id=external_id,
        agent=short(data.get("agent")) or "unknown",
        labels=None if labels is None else _names(labels),
        department=short(data.get("department")),
        at=min(moment(payload.get("timestamp")) or now, now),
        delivery_id=delivery,
    )


def _names(labels: list[Any]) -> tuple[str, ...]:
    found = (short(each) for each in labels[:_MOST_LABELS])
    return tuple(each for each in found if each)
