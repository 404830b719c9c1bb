from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from cli.main import main
from router.rules_yaml import load_rules
from router.ruleset import ruleset_object
from store.engine import transaction
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.integration.cli.conftest import Run

_RULES = """\
default_department: service-desk
rules:
  - {id: money, order: 10, when: {label: refund}, then: {primary: billing}}
"""


@pytest.fixture(autouse=True)
def _words(engine: Engine) -> None:
    def add(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ["service-desk", "billing"]
        taxonomy.add_departments(connection, [Department(name=name) for name in names])

    transaction(engine, add)


def _file(folder: Path, content: str = _RULES) -> str:
    path = folder / "rules.yaml"
    path.write_text(content)
    return str(path)


def _version(engine: Engine) -> int | None:
    return transaction(engine, rulesets.active_version)


def test_imported_rules_decide_from_then_on_and_come_out_again(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    status, result = run("rules", "import", _file(tmp_path))
    assert (status, result["added"], result["findings"]) == (0, ["money"], [])
    assert result["version"] == _version(engine)
    assert run("rules", "export") == (0, ruleset_object(load_rules(_RULES)))


def test_an_export_can_be_imported_without_changing_anything(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    run("rules", "import", _file(tmp_path))
    before = _version(engine)
    out = tmp_path / "out.yaml"
    run("rules", "export", str(out))
    assert run("rules", "import", str(out))[1]["version"] is None
    assert _version(engine) == before


def test_a_plan_shows_the_change_and_saves_nothing(
    configured: Path, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _version(engine)
    assert main(["rules", "import", _file(tmp_path), "--plan"]) == 0
    assert "+- id: money" in capsys.readouterr().out
    assert _version(engine) == before


def test_rules_with_errors_are_refused(run: Run, engine: Engine, tmp_path: Path) -> None:
    before = _version(engine)
    file = _file(tmp_path, _RULES.replace("billing", "nowhere"))
    status, result = run("rules", "import", file)
    assert (status, result["version"]) == (1, None)
    assert [finding["code"] for finding in result["findings"]] == ["dangling-department"]
    assert _version(engine) == before


def test_broken_rules_are_named_with_their_line(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "import", _file(tmp_path, _RULES.replace("order:", "rank:"))]) == 2
    assert "line 3" in capsys.readouterr().err


def test_lint_looks_at_a_file_or_at_the_active_rules(run: Run, tmp_path: Path) -> None:
    assert run("rules", "lint", _file(tmp_path)) == (0, {"findings": []})
    run("rules", "import", _file(tmp_path))
    assert run("rules", "lint") == (0, {"findings": []})
    assert run("rules", "lint", _file(tmp_path, _RULES.replace("refund", "gone")))[0] == 1


def test_the_history_says_who_imported_what(run: Run, engine: Engine, tmp_path: Path) -> None:
    run("rules", "import", _file(tmp_path), "--note", "quarter end")

    def last(connection: Connection) -> tuple[str, str]:
        query = "SELECT author, note FROM rulesets ORDER BY version DESC LIMIT 1"
        row = connection.exec_driver_sql(query).one()
        return row.author, row.note

    author, note = transaction(engine, last)
    assert author
    assert note == "quarter end"
