"""Zammad: webhooks of triggers, signed as GitHub's of old; REST v1.

Signature: `sha1=` and HMAC-SHA-1 of the body as hex, sent only where a token is configured (its
`lib/user_agent.rb`). No timestamp is signed: a copy sent again is known by its `X-Zammad-Delivery`,
and by the ticket's `updated_at` where that was changed.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from helpdesks.desk import Access, Api, Change, Standing
from helpdesks.mapping import Snapshot, moment, seen, short, tags
from helpdesks.seen import Signed, Told
from helpdesks.signing import header, matches

MAPPING: Mapping[str, str] = {
    "id": "ticket.id",
    "subject": "ticket.title",
    "body": "article.body",
    "customer": "ticket.customer.email || ticket.customer_id",
    "language": "ticket.customer.preferences.locale",
    "priority": "ticket.priority.name",
    "channel": "article.type",
    "created_at": "ticket.created_at",
    "said_at": "article.created_at",
    "updated_at": "ticket.updated_at",
    "actor": "ticket.updated_by_id",
    "agent": "ticket.updated_by.login || ticket.updated_by",
    "team": "ticket.group.name",
    "tags": "ticket.tags",
    "metadata": "{number: ticket.number, organization: ticket.organization.name}",
}
SIGNATURE = "x-hub-signature"


def verify(signed: Signed, secrets: tuple[str, ...]) -> None:
    """Refuses what was not signed with one of the secrets.

    Raises:
        Unverified: tells why.
    """
    given = header(signed, SIGNATURE)
    matches(given, [f"sha1={_hex(secret, signed.body)}" for secret in secrets])


def parse(
    payload: Mapping[str, Any],
    headers: Mapping[str, str],
    mapping: Mapping[str, str],
    now: datetime,
) -> Told:
    """What a delivery tells; notes and what agents write say only where the ticket lies.

    Raises:
        Invalid: it is no snapshot of a ticket.
    """
    article = payload.get("article")
    told = Snapshot(
        has_content=_is_the_customers(article) or "article" not in payload,
        delivery_id=headers.get("x-zammad-delivery"),
        at=now,
        now=now,
    )
    return seen(payload, mapping, told)


class Desk:
    """Zammad's API; it has no `ETag`, so the ticket is read just before it is written."""

    def __init__(self, access: Access) -> None:
        self._api = Api(access, headers=access.authorization("Token token=", glue=""))

    def read(self, external_id: str) -> Standing:
        """The ticket as it stands."""
        ticket = self._api.get(f"/api/v1/tickets/{external_id}?expand=true")
        listed = self._api.get(f"/api/v1/tags?object=Ticket&o_id={external_id}")
        return _standing(ticket, tags(listed.get("tags")) or ())

    def write(self, external_id: str, change: Change, standing: Standing) -> Standing:
        """Team and note go in one request, tags are added and removed one by one."""
        self._tag(external_id, change, standing)
        fields: dict[str, Any] = {}
        if change.team is not None:
            fields["group"] = change.team
        if change.note is not None:
            subject = "Pointsman"
            fields["article"] = {"subject": subject, "body": change.note, "internal": True}
        if fields:
            self._api.put(f"/api/v1/tickets/{external_id}", fields)
        return self.read(external_id)

    def _tag(self, external_id: str, change: Change, standing: Standing) -> None:
        wanted = standing.tags if change.tags is None else change.tags
        about = {"object": "Ticket", "o_id": external_id}
        for tag in sorted({*wanted} - {*standing.tags}):
            self._api.post("/api/v1/tags/add", {"item": tag, **about})
        for tag in sorted({*standing.tags} - {*wanted}):
            self._api.delete("/api/v1/tags/remove", {"item": tag, **about})


def _is_the_customers(article: object) -> bool:
    if not isinstance(article, dict):
        return False
    return article.get("sender") == "Customer" and article.get("internal") is not True


def _hex(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def _standing(ticket: Mapping[str, Any], standing: tuple[str, ...]) -> Standing:
    group = ticket.get("group")
    return Standing(
        team=short(group.get("name") if isinstance(group, dict) else group) or "",
        tags=standing,
        at=moment(ticket.get("updated_at")),
    )
