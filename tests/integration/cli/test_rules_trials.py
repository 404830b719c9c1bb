"""Rules tried, looked back at and restored from the command line."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from cli.main import main
from router.rules_yaml import dump_rules
from router.ruleset import Ruleset
from store.engine import transaction
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.replayed import decide_stored
from tests.factories.rulesets import a_rule, a_ruleset, label
from tests.factories.values import a_ticket
from tests.integration.cli.conftest import Run

_RULES = a_ruleset(a_rule(10, label("refund"), id="money"), default="desk")
_DRAFT = a_ruleset(a_rule(10, label("refund"), id="money", primary="payments"), default="desk")


@pytest.fixture(autouse=True)
def ids(engine: Engine) -> list[UUID]:
    """Two tickets about refunds, and one about nothing."""

    def work(connection: Connection) -> list[UUID]:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ("desk", "billing", "payments")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        tickets = [(a_ticket(f"t-{n}"), {"refund": score}) for n, score in enumerate((0.9, 0.7, 0))]
        return decide_stored(connection, _RULES, tickets, thresholds={"refund": 0.5})

    return transaction(engine, work)


def _file(folder: Path, ruleset: Ruleset = _DRAFT) -> str:
    path = folder / "draft.yaml"
    path.write_text(dump_rules(ruleset))
    return str(path)


def _primaries(engine: Engine) -> Sequence[str]:
    query = text("SELECT primary_department FROM decisions ORDER BY ticket_id")
    return transaction(engine, lambda c: list(c.execute(query).scalars()))


def test_a_backtest_tells_who_moves_and_changes_nothing(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    before = transaction(engine, rulesets.active_version)
    status, found = run("rules", "backtest", _file(tmp_path))
    assert (status, found["tickets"], found["moved"]) == (0, 3, 2)
    move = found["moves"][0]
    assert len(set(move.pop("ids"))) == 2
    assert move | {"samples": sorted(move["samples"])} == {
        "before": "billing",
        "after": "payments",
        "tickets": 2,
        "samples": ["t-0", "t-1"],
    }
    assert found["loads"]["payments"] == {"before": 0, "after": 2}
    assert transaction(engine, rulesets.active_version) == before
    assert set(_primaries(engine)) == {"billing", "desk"}


def test_a_backtest_in_words_has_a_table_of_moves(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "backtest", _file(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "2 of 3 tickets would move." in out
    assert "payments" in out


def test_a_plan_of_an_import_tells_who_would_have_moved(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "import", _file(tmp_path), "--plan"]) == 0
    assert "2 of 3 tickets would move." in capsys.readouterr().out


def test_a_level_can_be_tried_with_the_rules(run: Run, tmp_path: Path) -> None:
    same = _file(tmp_path, _RULES)
    found = run("rules", "backtest", same, "--level", "refund=auto:0.8")[1]
    assert (found["moved"], found["lost"]) == (1, {"refund": 1})
    assert run("rules", "backtest", same, "--level", "refund=off")[1]["moved"] == 2


@pytest.mark.parametrize(
    "options",
    [
        ("--level", "refund"),
        ("--level", "refund=sometimes"),
        ("--level", "refund=auto:2"),
        ("--level", "unheard=off"),
        ("--since", "yesterday"),
        ("--since", "2026-02-01", "--until", "2026-01-01"),
    ],
)
def test_wrong_options_of_a_backtest_are_bad_arguments(
    run: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    assert run("rules", "backtest", _file(tmp_path), *options)[0] == 2


def test_a_period_before_the_first_ticket_holds_none(run: Run, tmp_path: Path) -> None:
    found = run(
        "rules", "backtest", _file(tmp_path), "--since", "2020-01-01", "--until", "2020-02-01"
    )
    assert (found[0], found[1]["of"]) == (0, 0)


def test_a_dry_run_of_a_ticket_shows_every_condition_and_decides_nothing(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    status, found = run("rules", "dry-run", "--ticket", "t-0", "--draft", _file(tmp_path))
    assert (status, found["primary_department"], found["rule"]) == (0, "payments", "money")
    condition = found["trace"][0]["conditions"][0]
    assert (condition["value"], condition["threshold"], condition["held"]) == (0.9, 0.5, True)
    assert run("rules", "dry-run", "--ticket", "t-2")[1]["trace"][0]["held"] is False
    assert set(_primaries(engine)) == {"billing", "desk"}


def test_a_dry_run_of_a_text_takes_scores(run: Run) -> None:
    told = ("rules", "dry-run", "--text", "Money back!", "--labels")
    assert run(*told, "refund=0.9")[1]["primary_department"] == "billing"
    assert run(*told, "refund=0.2")[1]["primary_department"] == "desk"
    assert run(*told, "refund=high")[0] == 2


def test_a_dry_run_wants_one_ticket_or_one_text(run: Run) -> None:
    assert run("rules", "dry-run")[0] == 2
    assert run("rules", "dry-run", "--ticket", "t-0", "--text", "x")[0] == 2
    assert run("rules", "dry-run", "--ticket", "nobody")[0] == 2


def test_a_dry_run_in_words_has_the_way_and_the_rules(
    configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "dry-run", "--ticket", "t-0"]) == 0
    out = capsys.readouterr().out
    assert "→ billing" in out
    assert "refund is predicted" in out


def test_an_older_revision_is_found_in_the_history_and_restored(run: Run, tmp_path: Path) -> None:
    first = run("rules", "history")[1]["revisions"][0]
    assert first["active"] is True
    second = run("rules", "import", _file(tmp_path), "--note", "try payments")[1]["version"]
    done = run("rules", "restore", str(first["version"]))
    assert (done[0], done[1]["changed"]) == (0, ["money"])
    revisions = run("rules", "history", "--most", "2")[1]["revisions"]
    assert [(each["version"], each["active"], each["note"]) for each in revisions] == [
        (done[1]["version"], True, f"as in revision {first['version']}"),
        (second, False, "try payments"),
    ]
    assert run("rules", "restore", "999999")[0] == 2


def test_a_decision_is_verified_from_its_record(run: Run, engine: Engine) -> None:
    assert run("tickets", "verify", "t-0", "t-2")[0] == 0
    alter = text("UPDATE decisions SET primary_department = 'sales' WHERE ticket_id = :id")
    id_ = UUID(run("tickets", "show", "t-0")[1]["id"])
    transaction(engine, lambda c: c.execute(alter, {"id": id_}))
    status, found = run("tickets", "verify", "t-0", "t-2")
    assert (status, [each["same"] for each in found["tickets"]]) == (1, [False, True])
    assert found["tickets"][0]["differences"] == ["primary"]
    assert run("tickets", "verify", "nobody")[0] == 2
