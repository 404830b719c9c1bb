"""`pointsman review`, from what waits to what was said about it."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from cli.main import main
from core.types import ReviewReason
from store.engine import transaction
from store.feedback.review_items import Wanted
from store.queue.tickets import accept
from store.rules.taxonomy import Label, add_labels
from tests.factories.deciding import decide_all
from tests.factories.values import tickets
from tests.integration.cli.conftest import Run

_WANTED = Wanted(reasons=(ReviewReason.BELOW_THRESHOLD,), uncertainty=0.7, due_s=60)


@pytest.fixture(autouse=True)
def queue(engine: Engine) -> None:
    """Three tickets that wait for a person."""
    transaction(engine, lambda c: add_labels(c, [Label(name="refund")]))
    transaction(engine, lambda c: accept(c, tickets(3), source="shop"))
    decide_all(engine, change=lambda entry: replace(entry, review=_WANTED))


def _said(engine: Engine) -> list[tuple[str, list[str] | None]]:
    statement = "SELECT kind, labels FROM corrections ORDER BY created_at"
    with engine.connect() as connection:
        return [(row.kind, row.labels) for row in connection.execute(text(statement))]


def test_what_is_taken_is_resolved_once_and_the_next_one_comes(engine: Engine, run: Run) -> None:
    taken = [run("review", "next")[1]["item"] for _ in range(3)]
    assert [item["external_id"] for item in taken] == ["t-0", "t-1", "t-2"]
    assert taken[0]["reasons"] == ["below_threshold"]
    assert run("review", "next") == (0, {"item": None})
    ids = [str(item["item"]) for item in taken]
    assert run("review", "accept", ids[0])[1]["outcome"] == "accepted"
    replaced = run("review", "replace", ids[1], "--labels", "refund", "--note", "see above")
    assert (replaced[0], replaced[1]["correction"] is not None) == (0, True)
    assert run("review", "skip", ids[2])[0] == 0
    assert _said(engine) == [("confirmed", None), ("wrong_label", ["refund"]), ("skipped", None)]
    status, listed = run("review", "list")
    assert (status, listed["items"], listed["waiting"]) == (0, [], 0)
    assert run("review", "accept", ids[0])[0] == 2


def test_what_is_given_back_is_there_again(run: Run) -> None:
    item = str(run("review", "list", "--most", "1")[1]["items"][0]["item"])
    assert run("review", "accept", item)[0] == 2
    assert run("review", "next", item)[1]["item"]["claimed_by"]
    assert run("review", "next", item)[1] == {"item": None}
    assert run("review", "release", item) == (0, {"released": int(item)})
    assert run("review", "list")[1]["by_reason"]["below_threshold"] == 3
    assert run("review", "next", item, "--order", "uncertainty")[1]["item"]["item"] == int(item)


def test_for_people_the_ticket_is_shown_with_what_to_do(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "next"]) == 0
    shown = capsys.readouterr().out
    assert "t-0: orders (delivery)  no label was likely enough" in shown
    assert "Parcel is late" in shown
    assert "pointsman review accept|replace|skip" in shown
    assert main(["review", "list"]) == 0
    shown = capsys.readouterr().out
    assert "3 wait" in shown
    assert shown.count("held by") == 1


def test_what_cannot_be_resolved_says_what_to_do(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "skip", "999"]) == 2
    assert "`pointsman review list`" in capsys.readouterr().err
    item = run("review", "list")[1]["items"][0]["item"]
    assert main(["review", "accept", str(item)]) == 2
    assert f"`pointsman review next {item}`" in capsys.readouterr().err
