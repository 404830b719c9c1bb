"""No word of a ticket is ever logged: by a real worker and by the web's parts, at any level."""

import logging

import pytest
from starlette.testclient import TestClient

from broker.app import make_producer_app
from broker.messages import SUBMIT, TICKETS_QUEUE
from core.telemetry import configure_logging
from core.types import FeedbackKind, Role
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.queue.tickets import find
from tests.factories.callers import a_secret, bearer, web_settings
from tests.factories.processes import wait_until
from tests.faults.conftest import System
from tests.faults.invariants import undecided
from tests.faults.worker import RAISE
from trainer.privacy.sweep import erase_files
from web.app import make_app

_MARK = "zxqvmarker"


def _ticket(id_: str, **changes: object) -> dict[str, object]:
    said = {"subject": f"Subject {_MARK}", "body": f"Body {_MARK}", "customer": f"{_MARK}@x.org"}
    return {"id": id_, **said, "metadata": {"who": _MARK}, **changes}


def test_no_word_of_a_ticket_is_logged_on_its_whole_way(
    system: System,
    postgres_url: str,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(system.processes.environment, "POINTSMAN_LOG_LEVEL", "DEBUG")
    before = logging.getLogger().handlers[:]
    configure_logging(level="DEBUG", log_format="console")
    try:
        _whole_way(system, postgres_url, redis_url)
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel("WARNING")
    captured = capsys.readouterr()
    said = captured.err + captured.out
    of_worker = "\n".join(log.read_text() for log in system.folder.glob("*.log"))
    assert "request_answered" in said
    assert "files_erased" in said
    assert "tickets_stored" in of_worker
    assert "a message was refused" in of_worker
    lines = (said + of_worker).splitlines()
    assert [line for line in lines if _MARK in line or "Subject" in line] == []


def _whole_way(system: System, postgres_url: str, redis_url: str) -> None:
    """In by both doors, right and wrong; decided, one by quarantine; judged; erased."""
    engine = system.engine
    with TestClient(make_app(web_settings(postgres_url, redis_url))) as client:
        client.headers.update(bearer(a_secret(engine, Role.OPS, name="shop")))
        several = [
            _ticket("t-1"),
            _ticket("t-2", body=f"{_MARK} {RAISE}"),
            _ticket("t-3", colour=1),
        ]
        assert client.post("/v1/tickets", json={"tickets": several}).status_code == 202
        assert client.post("/v1/tickets", content=f'{{"{_MARK}').status_code == 422
        producer = make_producer_app(redis_url, publish_timeout_s=5)
        raw = [_ticket("c-1"), _ticket("c-2", priority=7), _MARK]
        producer.send_task("tickets.misspelt", args=[raw], queue=TICKETS_QUEUE)
        producer.send_task(SUBMIT, args=[raw, "forum"], queue=TICKETS_QUEUE)
        producer.close()
        system.start_worker("--poison")
        wait_until(
            lambda: _found(system, "c-1") and undecided(engine) == 0,
            timeout_s=240,
            what="every ticket settled",
            seen=system.processes.logs,
        )
        ticket = transaction(engine, lambda c: find(c, "t-1"))
        assert ticket is not None
        note = Feedback(ticket_id=ticket, kind=FeedbackKind.CONFIRMED, agent="ann", note=_MARK)
        transaction(engine, lambda c: corrections.give(c, note))
        gone = client.post("/v1/erasures", json={"customer": f"{_MARK}@x.org"})
        assert gone.json()["tickets"] == 3
        erase_files(engine, system.folder, is_trainer=True)
        assert client.post("/v1/tickets", json=_ticket("t-1")).json()["outcome"] == "erased"


def _found(system: System, id_: str) -> bool:
    return transaction(system.engine, lambda c: find(c, id_)) is not None
