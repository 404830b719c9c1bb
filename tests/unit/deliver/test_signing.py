from datetime import UTC, datetime
from uuid import UUID

from standardwebhooks import Webhook

from deliver.signing import body_of, headers_of
from helpdesks.receiving import Delivery

_KEYS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_bm90IGEgc2VjcmV0LCBhbiBleGFtcGxl")
_SAID = Delivery(
    id=UUID("0198c0de-0000-7000-8000-000000000000"),
    event="ticket.routed",
    payload={"primary_department": "Müller & Söhne"},
)


def test_the_body_is_the_same_at_every_attempt_and_tells_the_events_own_time() -> None:
    assert body_of(_SAID) == (
        '{"type":"ticket.routed","version":"1","timestamp":"2025-08-19T05:47:11.232+00:00",'
        '"data":{"primary_department":"Müller & Söhne"}}'
    )


def test_every_secret_signs_and_the_newest_comes_first() -> None:
    body = body_of(_SAID)
    headers = headers_of(_SAID, body, _KEYS, now=datetime.now(UTC))
    for key in _KEYS:
        assert Webhook(key).verify(body, headers)["type"] == "ticket.routed"
    first, _ = headers["webhook-signature"].split(" ")
    assert Webhook(_KEYS[0]).verify(body, {**headers, "webhook-signature": first})
    assert headers["webhook-id"] == str(_SAID.id)


def test_the_signature_is_that_of_the_published_vector() -> None:
    """Made apart: HMAC-SHA-256 by the key over `msg_1.1700000000.{"say": "hello"}`."""
    said = Webhook(_KEYS[0]).sign(
        "msg_1", datetime.fromtimestamp(1_700_000_000, UTC), '{"say": "hello"}'
    )
    assert said == "v1,33v12aFE9EmNJH6/ruKzVfxQDaysDivKF61AqKM4v18="
