"""What the client knows: each request and what it was told, on disk before it goes on.

`tests.faults.invariants` holds this against the database.
"""

import json
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from celery import Celery
from sqlalchemy import Engine

from broker.client import announce
from core.ticket_json import ticket_object
from core.types import Ticket
from store.engine import transaction
from store.queue.tickets import accept

SOURCE = "faults"
_PATIENCE_S = 180
_PAUSE_S = 0.1


class Ledger:
    """A file of our own, synced before and after each request.

    Entries are `sending`, then `accepted`, `refused` (the door said no before it stored anything)
    or `doubt` (no answer, or a failure that may have come after the commit).
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+", encoding="utf-8")
        self._lock = threading.Lock()

    def close(self) -> None:
        self._file.close()

    def note(self, what: str, ids: Sequence[str], **more: Any) -> None:
        line = json.dumps({"what": what, "ids": list(ids), "at": time.time(), **more})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def entries(self, what: str) -> list[dict[str, Any]]:
        with self._lock:
            self._file.seek(0)
            entries = [json.loads(line) for line in self._file]
        return [entry for entry in entries if entry["what"] == what]

    def ids(self, what: str) -> set[str]:
        return {id_ for entry in self.entries(what) for id_ in entry["ids"]}


class Sender:
    """Sends tickets straight into the database, as a door does, and keeps the ledger."""

    def __init__(self, engine: Engine, app: Celery, ledger: Ledger) -> None:
        self._engine = engine
        self._app = app
        self._ledger = ledger

    def send(self, tickets: Sequence[Ticket]) -> None:
        ids = [ticket.id for ticket in tickets]
        self._ledger.note("sending", ids)
        stored = transaction(self._engine, lambda c: accept(c, tickets, source=SOURCE))
        self._ledger.note("accepted", ids)
        announce(self._app, [entry.id for entry in stored], per_message=50)


class WebSender:
    """A helpdesk: sends over HTTP, each request under a key, again until it is answered.

    Args:
        client: with the address and a token; its source is the token's name.
        ledger: where each request and answer is noted.
    """

    def __init__(self, client: httpx.Client, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self.took_s: list[float] = []

    def send(self, tickets: Sequence[Ticket]) -> dict[str, Any]:
        """Until it is accepted; gives the answer."""
        key = f"key-{tickets[0].id}-{len(tickets)}"
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            answer = self.try_once(tickets, key)
            if answer is not None and answer.status_code == 202:
                return dict(answer.json())
            time.sleep(_PAUSE_S)
        raise AssertionError(f"{key} was not accepted within {_PATIENCE_S} s")

    def try_once(self, tickets: Sequence[Ticket], key: str) -> httpx.Response | None:
        """One request; None when there was no answer."""
        ids = [ticket.id for ticket in tickets]
        self._ledger.note("sending", ids, key=key)
        body = {"tickets": [ticket_object(ticket) for ticket in tickets]}
        began = time.monotonic()
        try:
            answer = self._client.post("/v1/tickets", json=body, headers={"idempotency-key": key})
        except httpx.TransportError as error:
            self._ledger.note("doubt", ids, key=key, error=type(error).__name__)
            return None
        self.took_s.append(time.monotonic() - began)
        what = {202: "accepted", 429: "refused", 422: "refused"}.get(answer.status_code, "doubt")
        self._ledger.note(what, ids, key=key, status=answer.status_code, error=_error(answer))
        return answer


def _error(answer: httpx.Response) -> str | None:
    return None if answer.status_code == 202 else str(answer.status_code)


def client_errors(ledger: Ledger) -> dict[str, int]:
    """What clients saw instead of an acceptance, and how often."""
    counts: dict[str, int] = {}
    for entry in [*ledger.entries("doubt"), *ledger.entries("refused")]:
        counts[entry["error"]] = counts.get(entry["error"], 0) + 1
    return counts
