"""C22, C23, C27: deliveries three times, words out of order, and more than can be worked off."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import psutil
import pytest
from sqlalchemy import text

from tests.factories.values import tickets
from tests.faults.conftest import Run, System
from tests.faults.ledger import WebSender

_OVERLOAD = 5
_SLOW_S = 0.2
_AT_ONCE = 8  # claimed at a time, and two batches make a chunk; so 80 tickets a second at most
_PER_SECOND = round(2 * _AT_ONCE / _SLOW_S)
_MOST_WAIT_S = 3.0
_PER_REQUEST = 80


def test_c22_every_delivery_three_times_at_once_is_one_ticket(system: System, run: Run) -> None:
    system.start_worker()
    web = system.start_web()
    deliveries = [tickets(1, prefix=f"d{n}") for n in range(run.of(20, 100, 1000))]

    with ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(web.sender().send, [x for x in deliveries for _ in range(3)]))
    assert all(answers[n] == answers[n + 1] == answers[n + 2] for n in range(0, len(answers), 3))
    system.wait_until_decided()
    system.close_books("C22", "each delivery 3 times at once", faults=2 * len(deliveries))


@pytest.mark.short
def test_c23_feedback_early_late_twice_and_out_of_order_is_kept_once(
    system: System, run: Run
) -> None:
    """Given before the ticket is decided, in any order, three times each; the last said stands."""
    chance = run.chance("C23")
    web = system.start_web()
    stored = web.sender().send(tickets(run.of(10, 40, 400)))["tickets"]
    said = [(UUID(entry["id"]), n) for entry in stored for n in range(3)] * 3
    chance.shuffle(said)
    client, half = web.client(), len(said) // 2
    begin = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    _say(system, client, said[:half], begin)
    system.start_worker()
    _say(system, client, said[half:], begin)
    system.wait_until_decided()
    system.close_books("C23", "feedback early, twice, out of order", faults=len(said))
    assert _standing(system) == {("anna", 2)}


def _say(
    system: System, client: httpx.Client, said: list[tuple[UUID, int]], begin: datetime
) -> None:
    for ticket, number in said:
        body = {
            "outcome": "replaced",
            "labels": [],
            "agent": "anna",
            "note": str(number),
            "external_id": f"word-{number}",
            "given_at": (begin + timedelta(minutes=number)).isoformat(),
        }
        answer = client.post(f"/v1/tickets/{ticket}/feedback", json=body)
        assert answer.status_code == 200, answer.text
        system.ledger.note("feedback", [answer.json()["id"]])


def _standing(system: System) -> set[tuple[str, int]]:
    """Who had the last word on each ticket, and which one it was."""
    statement = text(
        "SELECT DISTINCT ON (ticket_id) agent, note FROM corrections "
        "ORDER BY ticket_id, given_at DESC"
    )
    with system.engine.connect() as connection:
        return {(row.agent, int(row.note)) for row in connection.execute(statement)}


@pytest.mark.short
def test_c27_five_times_too_much_is_refused_before_it_is_accepted(system: System, run: Run) -> None:
    worker = system.start_worker(
        f"--slow-s={_SLOW_S}",
        POINTSMAN_BATCH_TICKETS=str(_AT_ONCE),
        POINTSMAN_QUEUED_BATCHES="1",
    )
    system.wait_for_workers(1)
    web = system.start_web(POINTSMAN_INTAKE_MAX_WAIT_S=str(_MOST_WAIT_S))
    before = _memory(web.running.process.pid)
    flood = Flood(web.sender())
    flood.go_on(run.of(10, 15, 300))
    after = _memory(web.running.process.pid)
    system.wait_until_decided()
    system.close_books("C27", f"{_OVERLOAD} times too much", faults=1)
    assert set(flood.statuses) == {202, 429}
    assert all(1 <= wait_s <= 300 for wait_s in flood.retry_after_s)
    assert after < before + 64 * 2**20
    assert _overtaken(system) == 0  # nobody is starved: first come, first decided
    assert worker.deaths == web.running.deaths == 0


class Flood:
    """Sends requests at a steady rate, whatever becomes of them, and tries none again."""

    def __init__(self, sender: WebSender) -> None:
        self._sender = sender
        self._lock = threading.Lock()
        self.statuses: Counter[int] = Counter()
        self.retry_after_s: list[int] = []

    def go_on(self, seconds: float) -> None:
        """For so long, and until the first refusal."""
        pause_s = _PER_REQUEST / (_OVERLOAD * _PER_SECOND)
        began, sent = time.monotonic(), 0
        with ThreadPoolExecutor(4) as pool:
            while time.monotonic() < began + seconds or not self.statuses[429]:
                pool.submit(self._send, sent)
                sent += 1
                time.sleep(max(0.0, began + sent * pause_s - time.monotonic()))
                assert time.monotonic() < began + seconds + 120, "never refused"

    def _send(self, number: int) -> None:
        batch = tickets(_PER_REQUEST, prefix=f"f{number}")
        answer = self._sender.try_once(batch, f"flood-{number}")
        with self._lock:
            self.statuses[0 if answer is None else answer.status_code] += 1
            if answer is not None and answer.status_code == 429:
                self.retry_after_s.append(int(answer.headers["retry-after"]))


def _memory(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


def _overtaken(system: System) -> int:
    """Pairs of which the one that came five seconds later was decided first."""
    statement = text(
        "SELECT count(*) FROM tickets a JOIN tickets b "
        "ON b.received_at > a.received_at + interval '5s' AND b.decided_at < a.decided_at"
    )
    with system.engine.connect() as connection:
        return int(connection.execute(statement).scalar_one())
