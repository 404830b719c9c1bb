"""The API of a helpdesk as we need it: read a ticket as it stands, change it, and know who may not.

All requests of all helpdesks go through `Api`, which tells failures apart. Who makes them, and
where they may go, is not known here.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.errors import Permanent, PointsmanError, Transient

_AGAIN = frozenset({408, 425, 429})
_CHANGED = frozenset({409, 412})
_GONE = frozenset({404, 410})


class Changed(PointsmanError):
    """The ticket changed between our reading and our writing."""


class Gone(Permanent):
    """There is no such ticket any more."""


class Refused(Permanent):
    """The helpdesk will not do this, now or later."""


class Later(Transient):
    """The helpdesk is away or busy.

    Args:
        summary: what happened.
        after_s: its own wish for the next try, in seconds.
    """

    def __init__(self, summary: str, after_s: float | None = None) -> None:
        super().__init__(summary)
        self.after_s = after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; headers by name in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Ask = Callable[[str, str, Mapping[str, str], bytes | None], Reply]
"""Makes one request of method, URL, headers and body, bounded in time and in what is read.

It follows no redirects. Raises `Later` where nobody answers, `Refused` where nobody may be asked.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How an API is reached.

    Attributes:
        ask: makes requests.
        token: opened; one with a colon in it is a name and password.
    """

    ask: Ask
    base_url: str
    token: str
    account: str = ""
    labels_field: str = ""

    def authorization(self, scheme: str, glue: str = " ") -> dict[str, str]:
        """The header that a token is sent in."""
        if ":" in self.token:
            pair = base64.b64encode(self.token.encode()).decode()
            return {"authorization": f"Basic {pair}"}
        return {"authorization": f"{scheme}{glue}{self.token}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A ticket as it stands: "" for no team; `stamp` is what a change must show."""

    team: str
    tags: tuple[str, ...]
    at: datetime | None
    stamp: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is written: None for what stays; `tags` are all that the ticket shall have."""

    team: str | None = None
    tags: tuple[str, ...] | None = None
    note: str | None = None


class Desk(Protocol):
    """One helpdesk's API. Both methods raise `Gone`, `Refused` or `Later`."""

    def read(self, external_id: str) -> Standing:
        """The ticket as it stands."""

    def write(self, external_id: str, change: Change, standing: Standing) -> Standing:
        """Changes it and gives what stands then; raises `Changed` where that is noticed."""


class Api:
    """Requests in JSON, with the headers given."""

    def __init__(self, access: Access, *, headers: Mapping[str, str]) -> None:
        self._access = access
        self._headers = {"accept": "application/json", **headers}

    def get(self, path: str) -> dict[str, Any]:
        """The object that stands there."""
        return self.asked("GET", path)[0]

    def put(self, path: str, body: object, **headers: str) -> dict[str, Any]:
        """What the API answers to a change."""
        return self.asked("PUT", path, body, **headers)[0]

    def post(self, path: str, body: object) -> dict[str, Any]:
        """What the API answers to something new."""
        return self.asked("POST", path, body)[0]

    def delete(self, path: str, body: object) -> dict[str, Any]:
        """What the API answers to a removal."""
        return self.asked("DELETE", path, body)[0]

    def asked(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[dict[str, Any], str | None]:
        """The answer, and its `ETag`; a list that is answered stands under `items`."""
        url = self._access.base_url.rstrip("/") + path
        sent = None if body is None else json.dumps(body).encode()
        told = {**self._headers, "content-type": "application/json", **headers}
        reply = self._access.ask(method, url, told, sent)
        _judge(reply)
        return _object(reply.body), reply.headers.get("etag")


def _judge(reply: Reply) -> None:
    status, summary = reply.status, f"the helpdesk answered {reply.status}"
    if 200 <= status < 300:
        return
    if status in _CHANGED:
        raise Changed(summary)
    if status in _GONE:
        raise Gone(summary)
    if status in _AGAIN or status >= 500:
        after = reply.headers.get("retry-after", "")
        raise Later(summary, float(after) if after.isascii() and after.isdigit() else None)
    raise Refused(summary)


def _object(read: bytes) -> dict[str, Any]:
    try:
        found = json.loads(read) if read.strip() else {}
    except (ValueError, RecursionError) as error:
        raise Refused("the helpdesk's answer is no JSON") from error
    return found if isinstance(found, dict) else {"items": found}
