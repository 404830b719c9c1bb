import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from classifier.artifacts import Artifact
from cli.main import main
from core.types import Ticket
from store.engine import transaction
from store.queue.tickets import import_labelled
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.labelled import labelled_rows
from tests.factories.models import install

Run = Callable[..., tuple[int, Any]]

_RULES = {
    "default_department": "service-desk",
    "rules": [
        {"id": "money", "order": 1, "when": {"label": "refund"}, "then": {"primary": "billing"}}
    ],
}


@pytest.fixture(autouse=True)
def artifact(engine: Engine, tmp_path: Path) -> Artifact:
    """Four labels, one with a rule, and 40 labelled tickets."""
    made = build_tiny_artifact(tmp_path / "artifact")
    install(engine, made)
    rows = [Ticket(**row) for row in labelled_rows(40, seed=3)]  # type: ignore[arg-type]

    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])
        taxonomy.add_departments(
            connection, [Department(name="billing"), Department(name="service-desk")]
        )
        rulesets.save(connection, _RULES, author="ops", note="")
        import_labelled(connection, rows, source="history")

    transaction(engine, work)
    return made


def _listed(run: Run) -> dict[str, Any]:
    status, result = run("labels", "list")
    assert status == 0
    return {label["label"]: label for label in result["labels"]}


def _expected(name: str) -> int:
    return sum(name in row["labels"] for row in labelled_rows(40, seed=3))  # type: ignore[operator]


def test_the_list_tells_what_is_known_of_each_label(run: Run, engine: Engine) -> None:
    transaction(engine, lambda c: taxonomy.add_labels(c, [Label(name="odd", description="Rare")]))
    listed = _listed(run)
    assert listed["refund"]["tickets"] == _expected("refund")
    assert (listed["refund"]["threshold"], listed["refund"]["needs"]) == (0.5, 0)
    assert (listed["odd"]["threshold"], listed["odd"]["needs"]) == (None, 4)
    assert listed["odd"]["description"] == "Rare"


def test_a_dry_run_shows_what_is_touched_and_changes_nothing(run: Run) -> None:
    status, shown = run("labels", "rename", "refund", "money-back", "--dry-run")
    assert status == 0
    assert not shown["changed"]
    assert shown["tickets"] == _expected("refund")
    assert shown["rules"] == ["money"]
    assert any("money-back" in line for line in shown["rules_diff"])
    assert set(_listed(run)) == set(LABELS)


def test_a_label_is_added_from_a_description_and_examples(
    run: Run, tmp_path: Path, artifact: Artifact
) -> None:
    lines = [{"id": f"x{n}", "subject": "reset", "body": f"password {n}"} for n in range(8)]
    file = tmp_path / "examples.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    status, made = run(
        "labels", "add", "lockout", "--description", "cannot log in", "--examples", str(file)
    )
    assert status == 0
    assert made["serving"] == artifact.version != made["model"]
    listed = _listed(run)["lockout"]
    assert listed["tickets"] == 8
    assert 0 < listed["threshold"] < 1


def test_a_label_that_the_model_learned_from_an_import_is_added_to_what_rules_may_name(
    run: Run, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM labels WHERE name = 'login'")
    status, made = run("labels", "add", "login", "--description", "Cannot sign in")
    assert (status, made["model"]) == (0, None)
    assert (_listed(run)["login"]["threshold"], _listed(run)["login"]["automation"]) == (
        0.5,
        "auto",
    )
    assert run("labels", "add", "login", "--description", "Cannot sign in")[0] == 2


def test_a_ticket_here_is_an_example_by_its_senders_id(run: Run) -> None:
    assert run("labels", "add", "odd", "--tickets", "t0", "--tickets", "t1")[0] == 0
    assert _listed(run)["odd"]["tickets"] == 2


def test_labels_are_merged_split_and_retired(run: Run) -> None:
    assert run("labels", "merge", "billing", "refund", "--into", "money")[0] == 0
    assert set(_listed(run)) == {"money", "login", "shipping"}
    status, made = run("labels", "split", "money", "--into", "in, out", "--description", "in=paid")
    assert status == 0
    rows = labelled_rows(40, seed=3)
    waiting = {row["id"] for row in rows if {"billing", "refund"} & {*row["labels"]}}  # type: ignore[misc]
    assert set(made["to_relabel"]) == waiting
    assert _listed(run)["in"]["description"] == "paid"
    assert _listed(run)["in"]["needs"] == 4
    assert run("labels", "retire", "out", "--to", "in")[0] == 0
    assert run("labels", "retire", "login")[0] == 0
    assert set(_listed(run)) == {"in", "shipping"}


def test_a_correction_by_an_older_name_is_noted_under_the_new_one(run: Run) -> None:
    assert run("labels", "rename", "refund", "money-back")[0] == 0
    status, noted = run("corrections", "add", "t0", "--labels", "refund,login")
    assert status == 0
    assert noted["renamed"] == {"refund": ["money-back"]}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("add", "odd"), "description: is missing"),
        (("add", " "), "label: is blank"),
        (("rename", "nonsense", "x"), "'nonsense' is not in use"),
        (("retire", "refund"), "is named by rule money"),
        (("split", "refund", "--into", "one"), "--into: names fewer than two labels"),
        (("split", "refund", "--into", "a,b", "--description", "c=x"), "is of 'c'"),
        (("split", "refund", "--into", "a,b", "--description", "x"), "is not NAME=TEXT"),
        (("add", "odd", "--tickets", "nowhere"), "'nowhere' is that of no ticket"),
        (("add", "odd", "--examples", "/nowhere.jsonl"), "/nowhere.jsonl"),
    ],
)
def test_what_is_wrong_is_named(
    run: Run, arguments: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["labels", *arguments]) == 2
    assert problem in capsys.readouterr().err
    assert set(_listed(run)) == set(LABELS)
