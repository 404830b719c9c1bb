"""Zendesk: webhooks of events, or of triggers whose template has the same form; REST v2.

Signature: base64 of HMAC-SHA-256 over timestamp and body, with the secret as text
(developer.zendesk.com/documentation/webhooks/verifying). The timestamp is ISO 8601. An older
version of that page has body before timestamp, and so has its sample.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from helpdesks.desk import Access, Api, Change, Standing
from helpdesks.mapping import Snapshot, moment, seen, short, tags
from helpdesks.seen import NotForUs, Signed, Told, Unverified
from helpdesks.signing import fresh, header, matches

TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105 (Zendesk's own, public)
MAPPING: Mapping[str, str] = {
    "id": "detail.id",
    "subject": "detail.subject",
    "body": "detail.description",
    "customer": "detail.requester_id",
    "language": "detail.language",
    "priority": "detail.priority",
    "channel": "detail.via.channel",
    "created_at": "detail.created_at",
    "updated_at": "detail.updated_at || time",
    "actor": "detail.actor_id",
    "team": "detail.group_id || (contains(keys(detail || `{}`), 'group_id') && '')",
    "tags": "detail.tags",
    "metadata": "detail.{brand: brand_id, form: form_id, organization: organization_id}",
}
_TIMESTAMP, SIGNATURE = "x-zendesk-webhook-signature-timestamp", "x-zendesk-webhook-signature"


def verify(signed: Signed, secrets: tuple[str, ...]) -> None:
    """Refuses what Zendesk did not sign with one of the secrets, or long ago.

    Raises:
        Unverified: tells why.
    """
    stamp, given = header(signed, _TIMESTAMP), header(signed, SIGNATURE)
    message = stamp.encode("latin-1", "replace") + signed.body
    matches(given, [_signature(secret, message) for secret in secrets])
    at = moment(stamp)
    if at is None:
        raise Unverified(f"{_TIMESTAMP} is no time of ISO 8601")
    fresh(at, signed)


def parse(
    payload: Mapping[str, Any],
    headers: Mapping[str, str],
    mapping: Mapping[str, str],
    now: datetime,
) -> Told:
    """What a delivery tells.

    Raises:
        Invalid: it is no snapshot of a ticket.
    """
    # A trigger's deliveries have no id of their own; two with one signature are one.
    delivery = short(payload.get("id")) or headers.get(SIGNATURE)
    kind = str(payload.get("type", "zen:event-type:ticket"))
    if not kind.startswith("zen:event-type:ticket"):
        return NotForUs(reason="it is not about a ticket", delivery_id=delivery)
    at = moment(payload.get("time")) or moment(headers.get(_TIMESTAMP)) or now
    return seen(payload, mapping, Snapshot(has_content=True, delivery_id=delivery, at=at, now=now))


class Desk:
    """Zendesk's API: `/api/v2/tickets/{id}.json`; a ticket with its tags goes in one request."""

    def __init__(self, access: Access) -> None:
        self._api = Api(access, headers=access.authorization("Bearer"))

    def read(self, external_id: str) -> Standing:
        """The ticket as it stands."""
        ticket = self._api.get(f"/api/v2/tickets/{external_id}.json")["ticket"]
        return _standing(ticket)

    def write(self, external_id: str, change: Change, standing: Standing) -> Standing:
        """Changes it, unless it changed since it was read: `safe_update` then gives 409."""
        ticket: dict[str, Any] = {"safe_update": True, "updated_stamp": standing.stamp}
        if change.team is not None:
            ticket["group_id"] = int(change.team) if change.team.isdigit() else change.team
        if change.tags is not None:
            ticket["tags"] = list(change.tags)
        if change.note is not None:
            ticket["comment"] = {"body": change.note, "public": False}
        path = f"/api/v2/tickets/{external_id}.json"
        return _standing(self._api.put(path, {"ticket": ticket})["ticket"])


def _signature(secret: str, message: bytes) -> str:
    made = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return base64.b64encode(made).decode()


def _standing(ticket: Mapping[str, Any]) -> Standing:
    return Standing(
        team=short(ticket.get("group_id")) or "",
        tags=tags(ticket.get("tags")) or (),
        at=moment(ticket.get("updated_at")),
        stamp=short(ticket.get("updated_at")),
    )
