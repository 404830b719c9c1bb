import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine, text

from broker.messages import TICKETS_QUEUE
from cli.main import main
from core.types import TicketState
from store.decided.decisions import Finished
from store.engine import transaction
from tests.factories.deciding import decide_all
from tests.integration.cli.conftest import Run


def _file(folder: Path, lines: Iterable[object]) -> str:
    path = folder / "tickets.jsonl"
    path.write_text("".join(f"{x if isinstance(x, str) else json.dumps(x)}\n" for x in lines))
    return str(path)


def _row(id_: str, **more: object) -> dict[str, object]:
    return {"id": id_, "subject": "Parcel", "body": "Where is it?", **more}


def _states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT state FROM tickets ORDER BY id")).scalars())


def _summary(created: int = 0, revised: int = 0, duplicate: int = 0) -> dict[str, object]:
    counts = {"created": created, "revised": revised, "duplicate": duplicate}
    return {**counts, "erased": 0, "refused": 0, "errors": []}


def test_tickets_are_stored_once_and_announced(
    run: Run, engine: Engine, redis_url: str, tmp_path: Path
) -> None:
    file = _file(tmp_path, [_row("1"), _row("2")])
    assert run("tickets", "send", file) == (0, _summary(created=2))
    assert run("tickets", "send", file) == (0, _summary(duplicate=2))
    file = _file(tmp_path, [_row("1", priority="high"), _row("2")])
    assert run("tickets", "send", file) == (0, _summary(revised=1, duplicate=1))
    assert _states(engine) == ["accepted", "accepted"]
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen(TICKETS_QUEUE) == 2


def test_a_bad_line_is_named_and_its_neighbours_go_in(
    run: Run, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [_row("1"), "{broken", _row("3", colour="red"), _row("4", body=7), _row("5")]
    file = _file(tmp_path, rows)
    assert main(["tickets", "send", file]) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[:2] for line in complaints] == [
        [f"{file}:2", "ticket"],
        [f"{file}:3", "colour"],
        [f"{file}:4", "body"],
    ]
    status, summary = run("tickets", "send", file)
    assert (status, summary["duplicate"], summary["refused"]) == (1, 2, 3)
    assert [error["line"] for error in summary["errors"]] == [2, 3, 4]
    assert all(error["fix"] for error in summary["errors"])
    assert len(_states(engine)) == 2


def test_without_redis_tickets_are_stored_all_the_same(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POINTSMAN_REDIS_URL", "redis://127.0.0.1:1/0")
    file = _file(tmp_path, [_row("1")])
    assert run("tickets", "send", file) == (0, _summary(created=1))
    assert _states(engine) == ["accepted"]


def test_waiting_without_a_worker_ends_with_what_to_do(
    configured: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("cli.tickets.sending._NO_WORKER_AFTER_S", 0.2)
    assert main(["tickets", "send", _file(tmp_path, [_row("1")]), "--wait"]) == 1
    assert "start `pointsman up`" in capsys.readouterr().err


def test_waiting_prints_decisions(
    configured: Path, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, [_row("1")])
    assert main(["tickets", "send", file]) == 0
    decide_all(engine)
    assert main(["tickets", "send", file, "--wait"]) == 0
    assert "→ orders" in capsys.readouterr().out


def test_a_ticket_is_shown_by_its_senders_id(
    run: Run, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("tickets", "send", _file(tmp_path, [_row("t-1")]))
    decide_all(engine)
    status, record = run("tickets", "show", "t-1")
    assert (status, record["decision"]["primary_department"]) == (0, "orders")
    assert run("tickets", "show", record["id"])[1]["external_id"] == "t-1"
    assert main(["tickets", "show", "t-1"]) == 0
    assert "→ orders" in capsys.readouterr().out


def test_a_ticket_that_is_not_there_is_a_bad_argument(
    configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tickets", "show", "nobody"]) == 2
    assert "ID: is that of no ticket" in capsys.readouterr().err


def _quarantine(entry: Finished) -> Finished:
    return Finished(
        decision=entry.decision, token=entry.token, state=TicketState.QUARANTINED, error="hung"
    )


def test_quarantined_tickets_wait_again_after_a_replay(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    run("tickets", "send", _file(tmp_path, [_row("1"), _row("2"), _row("3")]))
    decide_all(engine, change=_quarantine)
    status, result = run("tickets", "replay", "2")
    assert (status, len(result["replayed"])) == (0, 1)
    assert _states(engine).count("accepted") == 1
    assert len(run("tickets", "replay", "--dead")[1]["replayed"]) == 2
    assert _states(engine) == ["accepted"] * 3


@pytest.mark.parametrize("arguments", [[], ["1", "--dead"], ["nobody"]])
def test_a_replay_must_name_tickets_that_are_there(
    configured: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tickets", "replay", *arguments]) == 2


def test_a_database_without_tables_says_to_migrate(
    empty_database_url: str,
    configured: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", empty_database_url)
    assert main(["tickets", "send", _file(tmp_path, [_row("1")])]) == 1
    assert "pointsman migrate" in capsys.readouterr().err


def test_a_database_that_is_away_says_so(
    configured: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", "postgresql://x@127.0.0.1:1/none")
    assert main(["tickets", "send", _file(tmp_path, [_row("1")])]) == 1
    err = capsys.readouterr().err
    assert "PostgreSQL" in err
    assert "pointsman doctor" in err


def test_nothing_is_decided_twice_by_showing_it(run: Run, engine: Engine, tmp_path: Path) -> None:
    run("tickets", "send", _file(tmp_path, [_row("1")]))
    decide_all(engine)
    run("tickets", "show", "1")
    events = transaction(engine, lambda c: c.execute(text("SELECT count(*) FROM outbox")).scalar())
    assert events == 1
