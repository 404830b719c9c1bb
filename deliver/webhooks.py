"""Sends events as webhooks: one attempt, bounded in time and in what is read of the answer."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from core.addresses import Reach
from deliver.guard import GuardedClient, OutOfReach, Resolve
from deliver.signing import body_of, headers_of
from helpdesks.receiving import Delivery, Outcome, Status

KEPT_CHARS = 1_000
_READ_BYTES = 16_384
_GONE = 410
_WISHES = frozenset({429, 503})


class Wire:
    """The HTTP client of all webhooks.

    Args:
        reach: where requests may go.
        timeout_s: of a whole attempt.
        resolve: finds addresses; the system's resolver unless a test says otherwise.
    """

    def __init__(self, reach: Reach, *, timeout_s: float, resolve: Resolve | None = None) -> None:
        self._timeout_s = timeout_s
        self._client = GuardedClient(reach, timeout_s=timeout_s, name="webhooks", resolve=resolve)

    def post(self, url: str, body: str, headers: dict[str, str]) -> Outcome:
        """One attempt; never raises for what the other side does."""
        try:
            return self._client.run(self._exchange(url, body.encode(), headers))
        except (TimeoutError, httpx2.TimeoutException):
            return Outcome(status=Status.RETRY, note=f"no answer within {self._timeout_s:g} s")
        except OutOfReach as error:
            return Outcome(status=Status.RETRY, note=str(error))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return Outcome(
                status=Status.RETRY, note=f"{type(error).__name__}: {_plain(str(error))}"
            )

    async def _exchange(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        sent = {**headers, "accept-encoding": "identity"}
        async with self._client.http.stream("POST", url, content=body, headers=sent) as answer:
            return outcome_of(answer.status_code, answer.headers, await _beginning(answer))


class WebhookReceiver:
    """One webhook endpoint as a receiver.

    Args:
        wire: sends.
        url: of the endpoint.
        secrets: that sign, the newest first.
    """

    def __init__(self, wire: Wire, url: str, secrets: Sequence[str]) -> None:
        self._wire = wire
        self._url = url
        self._secrets = secrets

    def send(self, delivery: Delivery) -> Outcome:
        """Tries once."""
        body = body_of(delivery)
        headers = headers_of(delivery, body, self._secrets, now=datetime.now(UTC))
        return self._wire.post(self._url, body, headers)


def outcome_of(status: int, headers: httpx2.Headers, said: bytes) -> Outcome:
    """What an answer means: 2xx is success, 410 is gone, anything else is tried again."""
    answer = _plain(said.decode(errors="replace"))
    if 200 <= status < 300:
        return Outcome(status=Status.DELIVERED, http_status=status, answer=answer)
    if status == _GONE:
        note = "answered 410 Gone"
        return Outcome(status=Status.GONE, http_status=status, note=note, answer=answer)
    wish_s = retry_after_s(headers.get("retry-after"), datetime.now(UTC))
    return Outcome(
        status=Status.RETRY,
        http_status=status,
        note=f"answered {status}",
        retry_after_s=wish_s if status in _WISHES else None,
        answer=answer,
    )


def retry_after_s(said: str | None, now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or as a date (RFC 9110, 10.2.3)."""
    if said is None:
        return None
    if said.isascii() and said.isdigit():
        return float(said)
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds())
    return None


async def _beginning(answer: httpx2.Response) -> bytes:
    """What is read of an answer: the rest is none of ours, and the connection is closed on it."""
    said = b""
    async for part in answer.aiter_raw():
        said += part
        if len(said) >= _READ_BYTES:
            break
    return said[:_READ_BYTES]


def _plain(text: str) -> str:
    """At most 1,000 characters, each printable."""
    return "".join(c if c.isprintable() else " " for c in text[:KEPT_CHARS]).strip()
