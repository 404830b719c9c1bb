"""(h) What many would write: Celery messages with whole tickets, taken in batches, acked late.

celery-batches 0.11 wants Celery below 5.7, so this is its consumer in short: messages are buffered
until there are `FLUSH_EVERY` of them or the queue is empty, worked on together, then acknowledged.
Nothing remembers a ticket before that. `--failpoint N` kills it at the N-th message between its two
round trips: taken off the list, not yet noted as unacknowledged.
"""

import argparse
import itertools
import os
import signal
from collections.abc import Sequence
from typing import Any

from kombu.connection import Connection as Broker
from kombu.entity import Exchange, Queue
from kombu.messaging import Consumer
from kombu.transport.redis import Transport
from sqlalchemy import Connection

from core.process import die_with_parent, leave
from core.ticket_json import parse_ticket
from core.types import Ticket
from store.decided.decisions import Finished, finish
from store.engine import make_engine, transaction
from store.queue import workers
from store.queue.claims import Claim, claim
from store.queue.tickets import accept
from tests.factories.values import a_decision
from tests.faults.ledger import SOURCE

FLUSH_EVERY = 32
_OPTIONS = {"visibility_timeout": 1, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--failpoint", type=int, default=0)
    options = parser.parse_args(arguments)
    die_with_parent()
    if options.failpoint:
        _arm(options.failpoint)
    batches = _Batches(os.environ["POINTSMAN_DATABASE_URL"])
    queue = Queue("tickets", Exchange("tickets", type="direct"), routing_key="tickets")
    with (
        Broker(os.environ["POINTSMAN_REDIS_URL"], transport_options=_OPTIONS) as broker,
        Consumer(broker.channel(), [queue], on_message=batches.take, prefetch_count=FLUSH_EVERY),
    ):
        while True:
            try:
                broker.drain_events(timeout=0.2)
            except TimeoutError:
                batches.flush()


class _Batches:
    """Buffered messages, worked on together and acknowledged after that."""

    def __init__(self, database_url: str) -> None:
        self._engine = make_engine(database_url, pool_size=2, statement_timeout_s=10)
        self._me = transaction(
            self._engine,
            lambda c: workers.register(
                c, host="plain", pid=os.getpid(), device="cpu", rung="model"
            ),
        )
        self._messages: list[Any] = []

    def take(self, message: Any) -> None:
        self._messages.append(message)
        if len(self._messages) >= FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        tickets = [parse_ticket(message.payload[0][0][0]) for message in self._messages]
        if tickets:
            transaction(self._engine, lambda c: self._decide(c, tickets))
        for message in self._messages:
            message.ack()
        self._messages.clear()

    def _decide(self, connection: Connection, tickets: list[Ticket]) -> None:
        ids = [entry.id for entry in accept(connection, tickets, source=SOURCE)]
        claims = claim(connection, worker=self._me, most=len(ids), lease_s=30, ids=ids)
        finish(connection, [_decided(each) for each in claims])


def _decided(each: Claim) -> Finished:
    decision = a_decision(each.id, revision=each.revision)
    return Finished(decision=decision, token=each.token)


def _arm(nth: int) -> None:
    deliver, passes = Transport._deliver, itertools.count(1)

    def wrapped(self: Transport, message: Any, queue: str) -> None:
        if next(passes) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        deliver(self, message, queue)

    setattr(Transport, "_deliver", wrapped)  # noqa: B010  (a patch)


if __name__ == "__main__":
    leave(main())
