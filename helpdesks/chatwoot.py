"""Chatwoot: webhooks of conversations and messages; its application API.

Signature: `sha256=` and HMAC-SHA-256 over timestamp, a point and the body, as hex (its pull request
13573). Inside `messages` a message's type is a number and its time is in seconds since 1970; at the
top they are a word and ISO 8601.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from helpdesks.desk import Access, Api, Change, Standing
from helpdesks.mapping import Snapshot, moment, seen, short, tags
from helpdesks.seen import NotForUs, Signed, Told, Unverified
from helpdesks.signing import fresh, header, matches, since_1970

_FIRST = "(messages[?message_type==`0` && private!=`true`] | [0])"
_META = "(conversation || @).meta"
_IS_MESSAGE = "starts_with(event || '', 'message_')"
MAPPING: Mapping[str, str] = {
    "id": "conversation.id || id",
    "subject": "(conversation || @).additional_attributes.mail_subject",
    "body": f"content || {_FIRST}.content",
    "customer": f"({_IS_MESSAGE} && sender.id) || meta.sender.id",
    "language": "(conversation || @).additional_attributes.browser_language",
    "priority": "(conversation || @).priority",
    "channel": "(conversation || @).channel",
    "created_at": f"({_IS_MESSAGE} && created_at) || {_FIRST}.created_at",
    "updated_at": f"(conversation || @).updated_at || ({_IS_MESSAGE} && created_at)",
    "team": f"{_META}.team.id || (contains(keys({_META} || `{{}}`), 'team') && '')",
    "tags": "(conversation || @).labels",
    "metadata": "{inbox: (conversation || @).inbox_id, account: account.id}",
}
_TIMESTAMP, SIGNATURE = "x-chatwoot-timestamp", "x-chatwoot-signature"
_MESSAGES = frozenset({"message_created", "message_updated"})
_CONVERSATIONS = frozenset(
    {"conversation_created", "conversation_updated", "conversation_status_changed"}
)


def verify(signed: Signed, secrets: tuple[str, ...]) -> None:
    """Refuses what Chatwoot did not sign with one of the secrets, or long ago.

    Raises:
        Unverified: tells why.
    """
    stamp, given = header(signed, _TIMESTAMP), header(signed, SIGNATURE)
    message = stamp.encode("latin-1", "replace") + b"." + signed.body
    matches(given, [f"sha256={_hex(secret, message)}" for secret in secrets])
    at = since_1970(stamp)
    if at is None:
        raise Unverified(f"{_TIMESTAMP} is no time in seconds since 1970")
    fresh(at, signed)


def parse(
    payload: Mapping[str, Any],
    headers: Mapping[str, str],
    mapping: Mapping[str, str],
    now: datetime,
) -> Told:
    """What a delivery tells: only what customers write in the open is a ticket's content.

    Raises:
        Invalid: it is no snapshot of a conversation.
    """
    event, delivery = str(payload.get("event")), headers.get("x-chatwoot-delivery")
    if event not in _MESSAGES | _CONVERSATIONS:
        return NotForUs(reason="it is not about a conversation", delivery_id=delivery)
    told = Snapshot(
        has_content=_is_the_customers(payload) if event in _MESSAGES else _holds_one(payload),
        delivery_id=delivery,
        at=since_1970(headers.get(_TIMESTAMP, "")) or now,
        now=now,
    )
    return seen(payload, mapping, told)


class Desk:
    """Chatwoot's API; `labels` replaces what is there, so the union is sent."""

    def __init__(self, access: Access) -> None:
        self._api = Api(access, headers={"api_access_token": access.token})
        self._root = f"/api/v1/accounts/{access.account}/conversations"

    def read(self, external_id: str) -> Standing:
        """The conversation as it stands."""
        found = self._api.get(f"{self._root}/{external_id}")
        team = (found.get("meta") or {}).get("team") or {}
        return Standing(
            team=short(team.get("id")) or "",
            tags=tags(found.get("labels")) or (),
            at=moment(found.get("updated_at")),
        )

    def write(self, external_id: str, change: Change, standing: Standing) -> Standing:
        """Labels, team and note, each by a request of its own."""
        path = f"{self._root}/{external_id}"
        if change.tags is not None:
            self._api.post(f"{path}/labels", {"labels": list(change.tags)})
        if change.team is not None:
            self._api.post(f"{path}/assignments", {"team_id": change.team})
        if change.note is not None:
            self._api.post(f"{path}/messages", {"content": change.note, "private": True})
        return self.read(external_id)


def _is_the_customers(message: Mapping[str, Any]) -> bool:
    return message.get("message_type") in ("incoming", 0) and message.get("private") is not True


def _holds_one(conversation: Mapping[str, Any]) -> bool:
    messages = conversation.get("messages")
    if not isinstance(messages, list):
        return False
    return any(isinstance(each, dict) and _is_the_customers(each) for each in messages)


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
