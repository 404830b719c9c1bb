"""Deliveries signed as each helpdesk signs them, for checks and tests."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from core.types import HelpdeskKind

SECRET = "a secret of this webhook"  # noqa: S105 (of checks)
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 (likewise)
Sign = Callable[[bytes, datetime, str], dict[str, str]]
"""Headers of a body that is sent at a moment under a delivery id."""


def zendesk_headers(
    body: bytes, at: datetime, _id: str = "", secret: str = SECRET
) -> dict[str, str]:
    """Zendesk's; its id of a delivery stands in the body."""
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return {
        "x-zendesk-webhook-signature": base64.b64encode(made).decode(),
        "x-zendesk-webhook-signature-timestamp": stamp,
        "x-zendesk-webhook-id": "01HWEBHOOK",
    }


def zammad_headers(
    body: bytes, _at: datetime, id_: str = "", secret: str = SECRET
) -> dict[str, str]:
    """Zammad's, without a time."""
    made = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return {"x-hub-signature": f"sha1={made}", "x-zammad-delivery": id_, "x-zammad-trigger": "all"}


def chatwoot_headers(
    body: bytes, at: datetime, id_: str = "", secret: str = SECRET
) -> dict[str, str]:
    """Chatwoot's."""
    stamp = str(int(at.timestamp()))
    made = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-chatwoot-timestamp": stamp,
        "x-chatwoot-signature": f"sha256={made}",
        "x-chatwoot-delivery": id_,
    }


def standard_headers(
    body: bytes, at: datetime, id_: str = "msg_1", secret: str = STANDARD_SECRET
) -> dict[str, str]:
    """Those of Standard Webhooks."""
    signature = Webhook(secret).sign(id_, at, body.decode("utf-8", "replace"))
    stamp = str(int(at.timestamp()))
    return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signature}


SIGN: Mapping[HelpdeskKind, Sign] = {
    HelpdeskKind.ZENDESK: zendesk_headers,
    HelpdeskKind.ZAMMAD: zammad_headers,
    HelpdeskKind.CHATWOOT: chatwoot_headers,
    HelpdeskKind.STANDARD: standard_headers,
}
