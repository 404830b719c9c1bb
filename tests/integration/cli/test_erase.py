import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from cli.main import main
from store.engine import transaction
from store.queue.tickets import accept
from tests.factories.values import a_ticket
from tests.integration.cli.conftest import Run


def _accept(engine: Engine, id_: str, source: str = "shop") -> None:
    ticket = a_ticket(id_, body="Xenia's parcel", customer="c-77")
    transaction(engine, lambda c: accept(c, [ticket], source=source))


def test_a_ticket_goes_by_its_senders_id_and_asking_again_gives_the_first_receipt(
    run: Run, engine: Engine
) -> None:
    _accept(engine, "t-1")
    status, told = run("erase", "t-1")
    assert (status, told["state"], told["tickets"]) == (0, "erased", 1)
    assert run("erase", "t-1") == (0, told)
    assert "Xenia" not in json.dumps(told)
    assert run("erase", "t-2")[0] == 2


def test_an_id_that_two_senders_use_wants_the_source(run: Run, engine: Engine) -> None:
    _accept(engine, "t-1")
    _accept(engine, "t-1", source="forum")
    assert run("erase", "t-1")[0] == 2
    assert run("erase", "t-1", "--source", "forum")[1]["tickets"] == 1
    states = text("SELECT source FROM tickets WHERE state = 'erased'")
    assert transaction(engine, lambda c: list(c.execute(states).scalars())) == ["forum"]


def test_a_customer_goes_and_a_person_reads_what_to_do_next(
    run: Run, engine: Engine, configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _accept(engine, "t-1")
    _accept(engine, "t-2")
    assert main(["erase", "--customer", "c-77"]) == 0
    out = capsys.readouterr().out
    assert "2 tickets" in out
    assert "Next: no model on record learned from it" in out
    assert "c-77" not in out


@pytest.mark.parametrize("arguments", [[], ["t-1", "--customer", "c-77"]])
def test_exactly_one_subject_is_wanted(run: Run, arguments: list[str]) -> None:
    assert run("erase", *arguments)[0] == 2


def test_imports_and_sent_files_are_redacted(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POINTSMAN_REDACTION", "patterns")
    ticket = {"id": "t-1", "subject": "hi", "body": "x@example.org", "labels": ["refund"]}
    file = tmp_path / "tickets.jsonl"
    file.write_text(json.dumps(ticket), encoding="utf-8")
    assert run("tickets", "import", str(file))[0] == 0
    assert run("tickets", "send", str(file), "--source", "other")[0] == 0
    bodies = text("SELECT body FROM ticket_contents")
    assert transaction(engine, lambda c: list(c.execute(bodies).scalars())) == ["[email]"] * 2


def test_an_erased_ticket_in_a_file_is_told_and_not_waited_for(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    _accept(engine, "t-1")
    run("erase", "t-1")
    file = tmp_path / "tickets.jsonl"
    file.write_text(json.dumps({"id": "t-1", "subject": "hi", "body": "x"}), encoding="utf-8")
    status, told = run("tickets", "send", str(file), "--source", "shop", "--wait")
    assert (status, told["erased"], told["created"]) == (0, 1, 0)
