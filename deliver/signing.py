"""An event as a webhook: its body, and headers by Standard Webhooks.

`webhook-id` is the event's id, the same at every attempt. The time in the body is that of the
event, which its id (UUIDv7) begins with; the time in the header is that of the attempt.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from standardwebhooks import Webhook

from helpdesks.receiving import Delivery

VERSION = "1"
"""Of the shapes in bodies; it changes when a field is taken away or means something else."""


def body_of(delivery: Delivery) -> str:
    """The same text at every attempt."""
    said = {
        "type": delivery.event,
        "version": VERSION,
        "timestamp": moment_of(delivery.id).isoformat(timespec="milliseconds"),
        "data": delivery.payload,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def headers_of(
    delivery: Delivery, body: str, secrets: Sequence[str], *, now: datetime
) -> dict[str, str]:
    """Headers with a signature by each secret, the newest first; `now` is the attempt's time."""
    id_ = str(delivery.id)
    signed = (Webhook(secret).sign(id_, now, body) for secret in secrets)
    return {
        "content-type": "application/json",
        "user-agent": "Pointsman",
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def moment_of(id_: UUID) -> datetime:
    """When an event was written (RFC 9562, 5.7)."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)
