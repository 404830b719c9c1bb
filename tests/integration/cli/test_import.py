"""`pointsman tickets import`: every format, again after a kill, a report of what was refused."""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from cli.main import main
from store.engine import transaction
from store.models.snapshots import base_tickets
from tests.integration.cli.conftest import Run

_SECRET = "the customer's own words"


def _jsonl(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return str(path)


def _row(n: int, **more: Any) -> dict[str, Any]:
    return {"id": str(n), "subject": "Parcel", "body": f"Where is {n}?", "labels": ["a"], **more}


def _teaching(engine: Engine) -> dict[str, tuple[str, ...]]:
    found = transaction(engine, lambda c: list(base_tickets(c)))
    return {entry.ticket.id: entry.ticket.labels or () for entry in found}


def test_history_is_imported_to_learn_from_and_what_is_refused_is_reported(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    rows = [_row(1, split="train"), _row(2, labels=None), _row(3, labels=[]), [1], _row(1)]
    file = _jsonl(tmp_path / "old.jsonl", rows)
    status, said = run("tickets", "import", file)
    counts = (said["created"], said["duplicate"], said["refused"], said["rows"])
    assert (status, counts, said["format"]) == (1, (2, 1, 2, 5), "jsonl")
    assert said["not_in_use"] == ["a"]
    lines = [json.loads(line) for line in Path(said["report"]).read_text().splitlines()]
    assert [(line["row"], line["field"], line["problem"]) for line in lines] == [
        (2, "labels", "is missing"),
        (4, "row", "is no object"),
    ]
    assert _teaching(engine) == {"1": ("a",), "3": ()}


def test_a_mended_file_leaves_no_report_behind(run: Run, tmp_path: Path) -> None:
    file = _jsonl(tmp_path / "old.jsonl", [_row(1), _row(2, labels=None)])
    report = Path(run("tickets", "import", file)[1]["report"])
    assert report.is_file()
    _jsonl(tmp_path / "old.jsonl", [_row(1), _row(2)])
    status, said = run("tickets", "import", file)
    assert (status, said["created"], said["duplicate"], said["report"]) == (0, 1, 1, None)
    assert not report.exists()


def test_no_text_is_said_of_rows_that_are_refused(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        _row(1, labels=None, body=_SECRET),
        _row(2, body=_SECRET * 10_000),
        _row(3, body=[_SECRET]),
        _row(4, created_at=_SECRET),
        _row(5, body=_SECRET, labels={_SECRET: 1}),
        _row(6, metadata={_SECRET: "x" * 20_000}),
        {_SECRET: _SECRET},
    ]
    file = _jsonl(tmp_path / "old.jsonl", rows)
    assert main(["tickets", "import", file]) == 1
    said = capsys.readouterr()
    assert "7 refused" in said.out
    report = (tmp_path / "old.jsonl.refused.jsonl").read_text()
    assert _SECRET not in said.out + said.err + report


def test_a_table_is_imported_by_its_headings_and_a_mapping(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    with (tmp_path / "crm.csv").open("w", newline="", encoding="utf-8-sig") as stream:
        table = csv.writer(stream, delimiter=";")
        table.writerow(["Case No.", "Title", "Description", "Themes", "Team"])
        table.writerow(["C-1", "Hallo", "Zeile eins\nZeile zwei; drei", "zahlung, vip", "Billing"])
        table.writerow(["C-2", "Hallo", "ohne Thema", "", "Billing"])
        table.writerow(["C-3", "zu kurz"])
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("fields: {id: Case No.}\nlabels: {zahlung: billing, vip: null}\n")
    said = run(
        *("tickets", "import", str(tmp_path / "crm.csv"), "--mapping", str(mapping)),
        *("--map", "labels=Themes", "--source", "crm"),
    )[1]
    assert (said["format"], said["created"], said["refused"]) == ("csv", 1, 2)
    assert [error["line"] for error in said["errors"]] == [2 + 2, 2 + 3]
    assert _teaching(engine) == {"C-1": ("billing",)}
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT metadata FROM ticket_contents")).scalar_one()
    assert kept == {"final_department": "Billing"}


def test_a_zendesk_export_teaches_what_the_customer_said_first(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    ticket = {
        "id": 35436,
        "subject": "Parcel",
        "description": "fallback",
        "tags": ["delivery", "vip"],
        "via": {"channel": "email"},
        "requester": {"id": 7, "email": "ann@example.com"},
        "group": {"id": 5, "name": "Orders"},
        "comments": [
            {"public": False, "body": "internal"},
            {"public": True, "body": "Where is it?"},
            {"public": True, "body": "On its way."},
        ],
    }
    file = tmp_path / "zendesk.json.gz"
    file.write_bytes(gzip.compress(json.dumps(ticket).encode()))
    assert run("tickets", "import", str(file))[1]["format"] == "zendesk"
    found = transaction(engine, lambda c: list(base_tickets(c)))[0].ticket
    assert (found.id, found.body, found.customer) == ("35436", "Where is it?", "ann@example.com")
    assert (found.channel, found.labels) == ("email", ("delivery", "vip"))
    assert found.metadata == {"final_department": "Orders"}


def test_a_zammad_export_is_an_array_of_tickets_with_articles(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    tickets = [
        {
            "id": n,
            "number": f"67{n}",
            "title": "Printer",
            "group": "Users",
            "tags": "hardware,printer",
            "customer": "ann@example.com",
            "articles": [
                {"sender": "Agent", "internal": False, "body": "Called."},
                {"sender": "Customer", "internal": True, "body": "hidden"},
                {"sender": "Customer", "internal": False, "body": f"It burns {n}. " * 4_000},
            ],
        }
        for n in range(1, 30)
    ]
    file = tmp_path / "zammad.json"
    file.write_text(json.dumps(tickets, indent=1))
    said = run("tickets", "import", str(file))[1]
    assert (said["format"], said["created"], said["refused"]) == ("zammad", 29, 0)
    assert _teaching(engine)["7"] == ("hardware", "printer")


def test_an_import_that_was_killed_goes_on_and_doubles_nothing(
    configured: Path, run: Run, engine: Engine, tmp_path: Path
) -> None:
    file = _jsonl(tmp_path / "old.jsonl", [_row(n, body=f"text {n} " * 40) for n in range(10_000)])
    command = [sys.executable, "-m", "cli", "tickets", "import", file]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL) as killed:
        while _rows(engine) == 0 and killed.poll() is None:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    before = _rows(engine)
    assert 0 < before < 10_000
    status, said = run("tickets", "import", file)
    assert (status, said["created"], said["duplicate"]) == (0, 10_000 - before, before)
    assert _rows(engine) == 10_000


def _rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM tickets")).scalar_one())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--map", "labels"], "--map"),
        (["--map", "colour=Tags"], "mapping.fields.colour"),
        (["--report", "/nowhere/at/all"], "/nowhere/at/all"),
    ],
)
def test_a_wrong_argument_is_named(
    arguments: list[str],
    named: str,
    configured: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = _jsonl(tmp_path / "old.jsonl", [_row(1)])
    assert main(["tickets", "import", file, *arguments]) == 2
    assert named in capsys.readouterr().err


def test_a_file_that_is_no_export_is_refused(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert main(["tickets", "import", str(tmp_path / "empty")]) == 2
    assert "headings" in capsys.readouterr().err
