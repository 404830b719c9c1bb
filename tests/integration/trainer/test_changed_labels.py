"""What trainings make of labels that changed: read by meaning, judged on what is common."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from classifier.artifacts import open_artifact
from core.types import FeedbackKind, LabelMove, RunState, Ticket
from router.label_outlook import Wanted, look
from store.decided.decisions import finish
from store.engine import transaction
from store.feedback.corrections import Feedback, give
from store.models import model_versions
from store.queue.claims import claim
from store.queue.tickets import accept, import_labelled
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_rows
from tests.factories.runs import carried_out
from tests.factories.values import a_ticket, finished
from trainer.labels.relabelling import Workshop
from trainer.labels.relabelling import carry_out as change_labels
from trainer.loop.gate import GateLimits, GateMode
from trainer.loop.material import Doubts, gather
from trainer.loop.runs import Plan
from trainer.loop.snapshot import Draft
from trainer.run import train

_DOUBTS = Doubts(most=60, within=timedelta(minutes=10))


@pytest.fixture
def plan(engine: Engine, tmp_path: Path) -> Plan:
    """With four labels and 200 labelled tickets of the past."""
    rows = [Ticket(**row) for row in labelled_rows(200, seed=3)]  # type: ignore[arg-type]

    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])
        import_labelled(connection, rows, source="history")

    transaction(engine, work)
    return Plan(
        state=tmp_path / "state",
        encoder=str(build_tiny_encoder(tmp_path / "encoder")),
        preset="fast",
        device="cpu",
        threads=1,
        seed=0,
        lease_s=60,
        doubts=_DOUBTS,
        limits=GateLimits(mode=GateMode.AUTO, max_latency_ratio=50, max_memory_ratio=50),
    )


def _change(engine: Engine, plan: Plan, kind: LabelMove, before: str, after: str) -> None:
    """Names with spaces between them."""
    wanted = Wanted(
        kind=kind, before=tuple(before.split()), after=tuple(after.split()), actor="ops"
    )
    found = transaction(engine, lambda c: look(c, wanted))
    change_labels(engine, wanted, found, Workshop(models=plan.state / "models", background=50))


def _draft(engine: Engine) -> Draft:
    return gather(engine, _DOUBTS, 0)


def _labels(draft: Draft) -> dict[str, int]:
    counts: dict[str, int] = draft.summary()["labels"]
    return counts


def _active_labels(engine: Engine) -> tuple[str, ...]:
    active = transaction(engine, model_versions.active)
    assert active is not None
    return open_artifact(active.path).labels


def test_older_names_are_read_as_what_they_mean_now(engine: Engine, plan: Plan) -> None:
    before = _labels(_draft(engine))
    _change(engine, plan, LabelMove.RENAME, "refund", "money-back")
    _change(engine, plan, LabelMove.MERGE, "billing shipping", "orders")
    _change(engine, plan, LabelMove.RETIRE, "login", "")
    draft = _draft(engine)
    after = _labels(draft)
    assert set(after) == {"money-back", "orders"}
    assert after["money-back"] == before["refund"]
    assert max(before["billing"], before["shipping"]) < after["orders"]
    assert after["orders"] < before["billing"] + before["shipping"], "some tickets had both"
    assert len(draft.entries) == 200
    assert {name: list(now) for name, now in draft.names.now.items()} == {
        "refund": ["money-back"],
        "billing": ["orders"],
        "shipping": ["orders"],
        "login": [],
    }


def test_tickets_of_a_split_label_teach_nothing_until_somebody_says_which_is_meant(
    engine: Engine, plan: Plan
) -> None:
    before = _labels(_draft(engine))
    _change(engine, plan, LabelMove.SPLIT, "refund", "cash voucher")
    draft = _draft(engine)
    assert not {"refund", "cash", "voucher"} & set(_labels(draft))
    waiting = [item for item in draft.excluded if item.reason.startswith("to be relabelled")]
    assert len(waiting) == before["refund"]
    assert waiting[0].reason == "to be relabelled: refund was split into cash, voucher"
    given = Feedback(
        ticket_id=waiting[0].ticket_id,
        kind=FeedbackKind.WRONG_LABEL,
        agent="anna",
        labels=["voucher"],
    )
    transaction(engine, lambda c: give(c, given))
    assert _labels(_draft(engine))["voucher"] == 1


def test_confirmed_decisions_of_an_older_model_are_read_by_meaning_too(
    engine: Engine, plan: Plan
) -> None:
    def decide(connection: Connection) -> None:
        [stored] = accept(connection, [a_ticket("live", body="where is it")], source="live")
        finish(connection, [finished(x) for x in claim(connection, worker=1, most=9, lease_s=60)])
        given = Feedback(ticket_id=stored.id, kind=FeedbackKind.CONFIRMED, agent="anna")
        give(connection, given)

    transaction(engine, lambda c: taxonomy.add_labels(c, [Label(name="delivery")]))
    transaction(engine, decide)
    assert _labels(_draft(engine))["delivery"] == 1
    _change(engine, plan, LabelMove.RENAME, "delivery", "parcels")
    assert _labels(_draft(engine))["parcels"] == 1


def test_an_added_label_is_learned_by_the_next_training_and_a_new_model_never_forgets_it(
    engine: Engine, plan: Plan
) -> None:
    assert carried_out(engine, plan, "first").outcome == "promoted"
    wanted = Wanted(
        kind=LabelMove.ADD,
        after=("lockout",),
        descriptions={"lockout": "password reset cannot"},
        examples=[
            a_ticket(f"x{n}", subject="", body=f"cannot reset password {n}", labels=("lockout",))
            for n in range(3)
        ],
        actor="ops",
    )
    found = transaction(engine, lambda c: look(c, wanted))
    change_labels(engine, wanted, found, Workshop(models=plan.state / "models", background=50))
    assert _active_labels(engine) == (*LABELS, "lockout")

    second = carried_out(engine, plan, "second")
    assert (second.state, second.outcome) == (RunState.SUCCEEDED, "promoted"), second
    assert _active_labels(engine) == (*LABELS, "lockout"), "three tickets: served, not learned"
    assert "lockout" not in _metrics(engine)["per_label"]

    more = [
        a_ticket(f"y{n}", subject="", body=f"please reset {n} password", labels=("lockout",))
        for n in range(12)
    ]
    transaction(engine, lambda c: import_labelled(c, more, source="history"))
    third = carried_out(engine, plan, "third")
    assert third.outcome == "promoted", third.gate
    assert set(_active_labels(engine)) == {*LABELS, "lockout"}
    assert "lockout" in _metrics(engine)["per_label"]


def _metrics(engine: Engine) -> dict[str, dict[str, object]]:
    active = transaction(engine, model_versions.active)
    assert active is not None
    found: dict[str, dict[str, object]] = json.loads((active.path / "metrics.json").read_text())
    return found


def test_a_retired_label_does_not_keep_a_new_model_from_serving(engine: Engine, plan: Plan) -> None:
    assert carried_out(engine, plan, "first").outcome == "promoted"
    _change(engine, plan, LabelMove.RETIRE, "login", "")
    second = carried_out(engine, plan, "second")
    assert second.outcome == "promoted", second.gate
    assert set(_active_labels(engine)) == set(LABELS) - {"login"}


def test_a_model_whose_labels_changed_while_it_was_trained_does_not_serve(
    engine: Engine, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert carried_out(engine, plan, "first").outcome == "promoted"
    more = [a_ticket("z", subject="", body="refund please", labels=("refund",))]
    transaction(engine, lambda c: import_labelled(c, more, source="history"))

    def renamed_meanwhile(*arguments: object) -> object:
        outcome = train(*arguments)  # type: ignore[arg-type]
        _change(engine, plan, LabelMove.RENAME, "refund", "money-back")
        return outcome

    monkeypatch.setattr("trainer.loop.runs.train", renamed_meanwhile)
    run = carried_out(engine, plan, "second")
    assert run.outcome == "rejected"
    assert run.gate is not None
    assert "does not know money-back" in run.gate["reason"]
    assert "money-back" in _active_labels(engine)
