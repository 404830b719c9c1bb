"""The whole way with a real Request Tracker: asked, routed, written back, corrected by an agent."""

import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from core.addresses import Reach
from core.sealing import Box
from core.types import HelpdeskKind
from store.engine import transaction
from store.rules import rulesets
from store.rules.taxonomy import Department, Label, add_departments, add_labels
from tests.factories.processes import Processes, wait_until
from tests.rt.conftest import PASSWORD, Tracker
from web.api.connections.changes import Terms, add_connection
from web.api.connections.schemas import NewConnection

_RULES = {
    "default_department": "orders",
    "rules": [
        {"id": "refunds", "order": 10, "when": {"label": "refund"}, "then": {"primary": "billing"}}
    ],
}
_LOOPBACK = Reach(over_http=True, networks=(ip_network("127.0.0.0/8"),))
_TERMS = Terms(box=Box(None), reach=_LOOPBACK, is_production=False)


@pytest.fixture
def running(
    engine: Engine, postgres_url: str, redis_url: str, tracker: Tracker, tmp_path: Path
) -> Iterator[Processes]:
    """A worker without a model, and the process that delivers and asks."""
    transaction(engine, lambda c: _prepare(c, tracker))
    urls = {"POINTSMAN_DATABASE_URL": postgres_url, "POINTSMAN_REDIS_URL": redis_url}
    may = {"POINTSMAN_WEBHOOK_HTTP": "true", "POINTSMAN_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    pace = {"POINTSMAN_HELPDESK_POLL_S": "1", "POINTSMAN_WEBHOOK_TIMEOUT_S": "60"}
    state = {"POINTSMAN_STATE_DIR": str(tmp_path)}
    processes = Processes(tmp_path, {**urls, **may, **pace, **state})
    processes.start("-m", "worker")
    processes.start("-m", "deliver")
    wait_until(
        lambda: _one(engine, "SELECT polled_to IS NOT NULL FROM helpdesk_connections"),
        timeout_s=180,
        what="the first round of asking",
        seen=processes.logs,
    )
    yield processes
    processes.stop_all()


def _prepare(connection: Connection, tracker: Tracker) -> None:
    add_labels(connection, [Label(name="refund", keywords=("refund", "charged twice"))])
    add_departments(connection, [Department(name=name) for name in ("orders", "billing")])
    rulesets.save(connection, _RULES, author="ops", note="")
    fields = {
        "name": "rt",
        "kind": HelpdeskKind.REQUEST_TRACKER,
        "base_url": tracker.url,
        "token": f"pointsman:{PASSWORD}",
        "service_user": "pointsman",
        "labels_field": "Labels",
        "writes": ["team", "tags", "note"],
    }
    add_connection(connection, NewConnection.model_validate(fields), "ops", _TERMS)


def test_tickets_of_both_kinds_are_routed_written_back_and_corrected(
    running: Processes, engine: Engine, tracker: Tracker
) -> None:
    by_rest = _by_rest(tracker)
    by_mail = _by_mail(tracker)
    for id_ in filter(None, (by_rest, by_mail)):
        _wait(running, lambda i=id_: tracker.queue(i) == "billing", "the ticket is moved")
        _wait(running, lambda i=id_: bool(tracker.comments(i)), "the reason is told")
        assert {"vip"} <= tracker.labels(id_) or id_ == by_mail
        assert {"label__refund", "route__billing"} <= tracker.labels(id_)
        assert tracker.comments(id_) == ["pointsman"]

    tracker.asked("ann", "PUT", f"ticket/{by_rest}", {"Queue": "orders"})
    _wait(running, lambda: _corrections(engine), "the correction arrives")
    assert _corrections(engine) == [("wrong_route", "orders", "rt/ann")]
    assert tracker.queue(by_rest) == "orders"
    assert _one(engine, "SELECT max(revision) FROM tickets") == 1


def _by_rest(tracker: Tracker) -> str:
    fields = {
        "Queue": "General",
        "Subject": "Invoice",
        "Requestor": "kim@example.com",
        "Content": "I was charged twice.",
        "CustomFields": {"Labels": ["vip"]},
    }
    return str(tracker.asked("ann", "POST", "ticket", fields)["id"])


def _by_mail(tracker: Tracker) -> str | None:
    """The ticket that a mail becomes; None where the gateway is not installed."""
    gateway = shutil.which("rt-mailgate")
    if gateway is None:
        return None
    mail = "From: kim@example.com\nTo: rt@example.com\nSubject: Money\n\nI want a refund.\n"
    sent = ["--url", tracker.url, "--queue", "General", "--action", "correspond"]
    subprocess.run([gateway, *sent], input=mail.encode(), check=True, timeout=120)
    found = tracker.asked("ann", "GET", "tickets", query="Subject = 'Money'")
    return str(found["items"][-1]["id"])


def _wait(running: Processes, holds: Any, what: str) -> None:
    wait_until(holds, timeout_s=180, what=what, seen=running.logs)


def _corrections(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT kind, department, agent FROM corrections"))
        return [tuple(row) for row in rows]


def _one(engine: Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar()
