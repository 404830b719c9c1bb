"""Decides waiting tickets without a worker process, as a worker's pipeline would store it."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from core.types import Rung
from store.decided.decisions import Finished, finish
from store.engine import transaction
from store.queue import workers
from store.queue.claims import claim
from tests.factories.values import finished

Change = Callable[[Finished], Finished]


def decide_all(
    engine: Engine, *, change: Change = lambda entry: entry, rung: Rung = Rung.MODEL
) -> None:
    """Gives every waiting ticket a decision for `orders`, altered by `change`."""

    def work(connection: Connection) -> None:
        worker = workers.register(connection, host="h", pid=1, device="cpu", rung=rung)
        claims = claim(connection, worker=worker, most=10_000, lease_s=30)
        finish(connection, [change(finished(each, rung=rung)) for each in claims])

    transaction(engine, work)
