import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from cli.main import main
from core.types import Role
from store.access import audit
from store.engine import transaction
from tests.factories.callers import a_secret, bearer


@pytest.fixture
def ann(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, Role.ADMIN, name="ann")))
    return client


def _record(engine: Engine, actor: str, subject: str) -> None:
    transaction(
        engine,
        lambda c: audit.record(c, actor=actor, action="rules.saved", subject=subject, detail={}),
    )


def test_pages_go_from_the_newest_to_the_first_without_gap_or_repeat(
    ann: TestClient, engine: Engine
) -> None:
    for number in range(7):
        _record(engine, "kim", f"ruleset {number}")
    seen, wanted = [], {"actor": "kim", "limit": "3"}
    while True:
        page = ann.get("/v1/audit", params=wanted).json()
        seen += [entry["subject"] for entry in page["entries"]]
        if page["next"] is None:
            break
        wanted["cursor"] = page["next"]
    assert seen == [f"ruleset {number}" for number in reversed(range(7))]


def test_the_chain_is_checked_by_the_api_and_offline_from_an_export(
    ann: TestClient, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _record(engine, "kim", "ruleset 1")
    found = ann.get("/v1/audit/check").json()
    assert (found["broken_at"], found["is_whole"]) == (None, True)
    exported = ann.get("/v1/audit/export").text
    file = tmp_path / "audit.jsonl"
    file.write_text(exported, encoding="utf-8")
    assert main(["audit", "verify", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["head"] == found["head"]
    file.write_text(exported.replace("ruleset 1", "ruleset 2"), encoding="utf-8")
    assert main(["audit", "verify", str(file)]) == 1
    assert "broken" in capsys.readouterr().out


def test_a_file_that_is_no_export_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").write_text('{"id": 1}\n')
    assert main(["audit", "verify", str(tmp_path / "other")]) == 2
    assert "FILE line 1" in capsys.readouterr().err


def test_the_table_form_gives_a_spreadsheet_no_formula(ann: TestClient, engine: Engine) -> None:
    _record(engine, "=cmd()", "ruleset 1")
    rows = list(csv.DictReader(ann.get("/v1/audit/export?format=csv").text.splitlines()))
    assert rows[-1]["actor"] == "'=cmd()"
    assert rows[-1]["hash"]
