"""C24: receivers that fail in every way for an hour, which the test lets pass by itself.

The relay is a real process; what it waits for is moved into the past, so that an hour takes seconds
and each bound is one of minutes that went by rather than of this machine's speed.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, Row, TextClause, text

from deliver.schedule import EVERY_S, JITTER
from store.delivery import webhook_endpoints
from store.delivery.webhook_endpoints import EndpointState
from store.engine import transaction
from tests.factories.delivering import an_endpoint, pass_time_unless_busy, the_endpoint
from tests.factories.processes import wait_until
from tests.factories.receivers import Answer, Receiver, Request, receiver
from tests.factories.values import tickets
from tests.faults.conftest import Run, System

_HOUR_M, _STEP_M = 60, 4
_PER_STEP = 2
"""Tickets, of several events each."""
_BACK_M = round(EVERY_S * (1 + JITTER) / 60)
"""The longest pause between two attempts."""
_TIMEOUT_S = 1.0
_PATIENCE_S = 120
_GONE = "is gone"
_OUTAGES: Mapping[str, Callable[[str, Request], Answer]] = {
    "answers 500": lambda *_: Answer(status=500),
    "redirects": lambda elsewhere, _: Answer(status=302, headers=(("location", elsewhere),)),
    "hangs": lambda *_: _hang(),
    "drips": lambda *_: Answer(body=b"x" * 20, is_slow=True),
    _GONE: lambda *_: Answer(status=410),
}


_EVENTS = text("SELECT id FROM outbox")
_TOLD = text(
    "SELECT o.id, extract(epoch FROM d.done_at - d.created_at)::float8 AS took_s "
    "FROM outbox o LEFT JOIN deliveries d ON d.event_id = o.id AND d.endpoint_id = :well "
    "WHERE o.id <> ALL(:before)"
)
_OPEN = text(
    "SELECT count(*) AS waiting FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id "
    "WHERE e.state = 'active' AND e.deleted_at IS NULL AND d.state IN ('waiting', 'sending')"
)
_TRIED = text(
    "SELECT d.event_id::text AS id, coalesce(a.status BETWEEN 200 AND 299, false) AS arrived "
    "FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id "
    "WHERE d.endpoint_id = :id"
)


def _hang() -> Answer:
    time.sleep(2 * _TIMEOUT_S)
    return Answer()


@pytest.fixture
def serve() -> Iterator[Callable[[], Receiver]]:
    with ExitStack() as running:
        yield lambda: running.enter_context(receiver())


@pytest.mark.timeout(7200)
def test_c24_receivers_that_fail_for_an_hour_get_everything_soon_after_and_hold_up_nobody(
    system: System, run: Run, serve: Callable[[], Receiver]
) -> None:
    system.start_worker()
    system.start_relay(
        POINTSMAN_WEBHOOK_TIMEOUT_S=str(_TIMEOUT_S), POINTSMAN_POLL_INTERVAL_S="0.02"
    )
    rounds, back_s = run.of(1, 2, 20), list[float]()
    waits: dict[str, list[float]] = {"before": [], "during": []}
    for round_ in range(rounds):
        hour = _Hour(system, serve, round_)
        hour.go_on("first", _STEP_M)
        waits["before"] += hour.go_on("calm", _HOUR_M // 4)
        hour.fail()
        waits["during"] += hour.go_on("hour", _HOUR_M)
        back_s.append(60 * hour.recover())
        hour.close_books()
    system.wait_until_decided()
    what = "receivers down for an hour (simulated)"
    system.close_books("C24", what, faults=rounds * len(_OUTAGES), recoveries=back_s)
    print({phase: f"p99 {_p99(seen):.2f} s of {len(seen)}" for phase, seen in waits.items()})
    assert max(back_s) <= 60 * _BACK_M


class _Desk:
    """A receiver behind an endpoint of its own, and the ids that it took."""

    def __init__(self, engine: Engine, server: Receiver, name: str) -> None:
        self.server = server
        self.name = name
        self.taken: set[str] = set()
        self.endpoint = an_endpoint(engine, server.url).endpoint.id
        server.answer = self.take

    def take(self, request: Request) -> Answer:
        self.taken.add(request.id)
        return Answer()


class _Hour:
    """One receiver that is well, and one for each way to fail."""

    def __init__(self, system: System, serve: Callable[[], Receiver], round_: int) -> None:
        self._system = system
        self._round = round_
        self._engine = system.engine
        self._before = [row.id for row in self._rows(_EVENTS)]
        self._elsewhere = serve()
        self._well = _Desk(system.engine, serve(), "is well")
        self._ill = {how: _Desk(system.engine, serve(), how) for how in _OUTAGES}

    def fail(self) -> None:
        for how, desk in self._ill.items():
            desk.server.answer = partial(_OUTAGES[how], self._elsewhere.url)

    def go_on(self, name: str, minutes: int) -> list[float]:
        """Lets time pass with tickets; the well one has each event in the minute of its making.

        Returns:
            Seconds from each event of that time until the well one had it.
        """
        known = set(self._told())
        for part in range(0, minutes, _STEP_M):
            prefix = f"{self._round}-{name}-{part}"
            self._system.sender.send(tickets(_PER_STEP, prefix=prefix))
            self._system.wait_until_decided()
            self._wait(lambda: set(self._well.server.ids) >= self._told().keys(), "all at the well")
            self._pass(_STEP_M)
        return [took for id_, took in self._told().items() if id_ not in known and took is not None]

    def recover(self) -> int:
        """Minutes until everything has arrived once they answer again."""
        for desk in self._ill.values():
            desk.server.answer = desk.take
        for minutes in range(_HOUR_M):
            self._pass(0)
            if not self._is_open():
                return minutes
            self._pass(1)
        raise AssertionError("not everything has arrived an hour later")

    def close_books(self) -> None:
        """Everything once, each attempt in the log, the gone one left alone; then they leave."""
        gone, events = self._ill.pop(_GONE), set(self._told())
        for desk in (self._well, *self._ill.values()):
            tried = self._rows(_TRIED, id=desk.endpoint)
            assert desk.taken == events, desk.name
            assert Counter(row.id for row in tried if row.arrived) == Counter(events), desk.name
            assert Counter(desk.server.ids) <= Counter(row.id for row in tried), desk.name
        assert not self._elsewhere.requests, "no redirect is followed"
        left = the_endpoint(self._engine, gone.endpoint)
        assert left.state is EndpointState.DISABLED
        assert 1 <= len(gone.server.requests) - len(gone.taken) <= left.concurrency
        for desk in (self._well, gone, *self._ill.values()):
            one = the_endpoint(self._engine, desk.endpoint)
            transaction(self._engine, partial(webhook_endpoints.delete, one=one, by="ann"))

    def _pass(self, minutes: int) -> None:
        time_ = timedelta(minutes=minutes)
        self._wait(lambda: pass_time_unless_busy(self._engine, time_), "the relay is idle")

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        seen = self._system.processes.logs
        wait_until(holds, timeout_s=_PATIENCE_S, what=what, seen=seen)

    def _told(self) -> dict[str, float | None]:
        """Events of this hour, and in how many seconds the well one had each; None: not yet."""
        rows = self._rows(_TOLD, well=self._well.endpoint, before=self._before)
        return {str(row.id): row.took_s for row in rows}

    def _is_open(self) -> bool:
        return bool(self._rows(_OPEN)[0].waiting)

    def _rows(self, statement: TextClause, **values: Any) -> Sequence[Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(statement, values).all()


def _p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(0.99 * len(seconds))]
