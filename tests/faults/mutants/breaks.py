"""What each mutant breaks, as a patch of the running process.

Imports are inside, since a door has no torch.
"""

# ruff: noqa: PLC0415

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, text


def ack_before_commit() -> None:
    """(a) The door answers first and commits later."""
    import threading
    from concurrent.futures import Future

    from web.api.tickets import routes

    module: Any = routes
    commit = module.transaction

    def later(engine: Engine, work: Callable[[Connection], Any]) -> Any:
        answer: Future[Any] = Future()

        def slowly(connection: Connection) -> None:
            answer.set_result(work(connection))
            time.sleep(0.5)

        threading.Thread(target=commit, args=(engine, slowly), daemon=True).start()
        return answer.result()

    module.transaction = later


def no_fence() -> None:
    """(b) Whoever finishes a ticket may, whatever became of its claim."""
    from store.decided import decisions

    decisions._LOCK_MINE = text(
        "SELECT t.id FROM tickets t WHERE t.id = ANY(:ids) AND :tokens IS NOT NULL "
        "ORDER BY t.id FOR UPDATE OF t"
    )


def no_sweeper() -> None:
    """(d) Nobody gives back what the dead held."""
    from worker import presence

    module: Any = presence
    module.give_back_of_the_dead = lambda _connection: 0


def worker_clock() -> None:
    """(e) Leases by the worker's own clock."""
    from store.queue import claims

    for name in ("_CLAIM_ANY", "_CLAIM_THESE", "_GIVE_BACK_EXPIRED"):
        setattr(claims, name, _ByOwnClock(getattr(claims, name).text))


class _ByOwnClock:
    """A statement whose leases are by this process' time, whenever it is executed."""

    def __init__(self, statement: str) -> None:
        self._statement = statement

    def _execute_on_connection(self, connection: Any, parameters: Any, options: Any) -> Any:
        made, own = self._statement, f"to_timestamp({time.time()})"
        for lease in ("lease_until = ", "lease_until < "):
            made = made.replace(f"{lease}clock_timestamp()", f"{lease}{own}")
        return text(made)._execute_on_connection(connection, parameters, options)


def outbox_apart() -> None:
    """(f) Decisions are committed first, their events in a transaction of their own."""
    from store.decided import decisions

    module: Any = decisions
    copy = module.copy_rows

    def apart(connection: Connection, table: str, columns: Sequence[str], rows: Any) -> None:
        if table != "outbox":
            copy(connection, table, columns, rows)
            return
        connection.connection.dbapi_connection.commit()  # type: ignore[union-attr]
        copy(connection, table, columns, rows)

    module.copy_rows = apart


def no_hash() -> None:
    """(g) An artifact is taken as it lies there."""
    from pathlib import Path

    from classifier.artifacts import Artifact

    def trusting(self: Artifact, name: str) -> Path:
        return self.path / name

    Artifact.verified = trusting  # type: ignore[method-assign]
