"""What people look at first is found by indexes, and so costs the same with any number of tickets.

Told by the plans of the statements, not by time: with whole scans forbidden, one that is still
there has no index to go by.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from benchmarks.console_fill import fill, prepare
from core.types import GroupBy, ReviewOrder, TicketState
from store.access import audit
from store.access.audit import AuditFilter
from store.decided import records, ticket_pages
from store.decided.ticket_pages import TicketFilter
from store.engine import make_engine
from store.feedback import review
from store.feedback.review import ReviewFilter
from store.figures import quality, rule_hits
from store.figures.hour_counts import count_hours
from store.figures.quality import Asked
from store.labels import label_usage
from store.queue import quarantine
from tests.databases import fresh_database

_TICKETS = 2_000
_LARGE = "tickets|ticket_keys|ticket_contents|decisions|outbox|corrections|review_items|audit_log"
_WHOLE = re.compile(rf"Seq Scan on ((?:{_LARGE})(?:_p\d+|_rest)?) ")
_NOW = datetime.now(UTC)
_ASKED = Asked(since=_NOW - timedelta(days=30), until=_NOW, most=100, audit_share=0.1)

Look = Callable[[Connection], object]


@pytest.fixture(scope="module")
def filled(postgres_server: str, template_database: str) -> Iterator[Engine]:
    """A month of tickets, the older half of it counted."""
    for url in fresh_database(postgres_server, template_database):
        engine = make_engine(url, pool_size=2, statement_timeout_s=60)
        prepare(engine)
        fill(engine, 1, _TICKETS)
        half = _NOW - timedelta(days=15)
        with engine.begin() as connection:
            while count_hours(connection, now=half, audit_share=0.1):
                pass
        yield engine
        engine.dispose()


def _tickets(**wanted: Any) -> Look:
    return lambda c: ticket_pages.page(c, TicketFilter(**wanted), after=None, most=60)


def _log(**wanted: Any) -> Look:
    return lambda c: audit.page(c, AuditFilter(**wanted), before=None, most=50)


_LOOKS: dict[str, Look] = {
    "live": lambda c: records.newest_decisions(c, most=60),
    "waiting": records.waiting,
    "oldest": records.oldest_waiting_s,
    "pace": lambda c: records.pace(c, now=_NOW),
    "tickets": _tickets(),
    "tickets by label": _tickets(label="refund", language="de"),
    "tickets in quarantine": _tickets(state=TicketState.QUARANTINED),
    "ticket by key": _tickets(source="shop", external_id="t-77"),
    "quarantine": lambda c: quarantine.page(c, after=None, most=50),
    **{
        f"review by {order}": lambda c, order=order: review.open_items(c, order=order, most=10)  # type: ignore[misc]
        for order in ReviewOrder
    },
    "held": lambda c: review.page(c, ReviewFilter(held_by="anna"), most=1),
    "by reason": review.waiting_by_reason,
    "hits": lambda c: rule_hits.hits(c, _ASKED.since, _NOW),
    **{f"figures by {by}": lambda c, by=by: quality.figures(c, _ASKED, by) for by in GroupBy},  # type: ignore[misc]
    "labels that people gave": label_usage.label_sets,
    "tickets that people gave a label": lambda c: label_usage.tickets_naming(
        c, ["refund"], most=20
    ),
    "audit": _log(),
    "audit by actor": _log(actor="nobody"),
    "audit by area": _log(area="people"),
    "audit by subject": _log(subject="ruleset 70"),
    "audit until": _log(until=datetime(2020, 1, 1, tzinfo=UTC)),
}


@pytest.mark.parametrize("name", _LOOKS)
def test_no_large_table_is_read_whole(filled: Engine, name: str) -> None:
    whole = [found for plan in _plans(filled, _LOOKS[name]) for found in _WHOLE.findall(plan)]
    assert whole == []


def test_a_whole_scan_would_be_seen(filled: Engine) -> None:
    [plan] = _plans(filled, lambda c: c.execute(text("SELECT max(body) FROM ticket_contents")))
    assert _WHOLE.search(plan)


def _plans(engine: Engine, look: Look) -> list[str]:
    """The plans of all that a look asks, where reading a table whole is the last resort."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    with engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(engine, "before_cursor_execute", note)
        try:
            look(connection)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        explained = [connection.exec_driver_sql(f"EXPLAIN {each}", of) for each, of in asked]
        return ["\n".join(found.scalars()) for found in explained]
