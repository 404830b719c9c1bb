"""The learning loop on a real database, with a tiny random encoder in place of MiniLM."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from classifier.artifacts import open_artifact
from classifier.linear import LinearModel
from classifier.transformer import load_network
from core.types import FeedbackKind, RunState, Ticket, TrialStage
from store.decided.decisions import finish
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.models import model_versions, training_runs, trials
from store.models.training_runs import TrainingRun
from store.queue.claims import claim
from store.queue.tickets import accept, import_labelled
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_rows
from tests.factories.runs import carried_out
from tests.factories.values import a_ticket, finished
from trainer.loop.gate import GateLimits, GateMode
from trainer.loop.material import Doubts
from trainer.loop.runs import Plan, carry_out

_TEXT = "please invoice card number"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(
        state=tmp_path / "state",
        encoder=str(build_tiny_encoder(tmp_path / "encoder")),
        preset="fast",
        device="cpu",
        threads=1,
        seed=0,
        lease_s=60,
        doubts=Doubts(most=60, within=timedelta(minutes=10)),
        limits=GateLimits(mode=GateMode.AUTO, max_latency_ratio=50, max_memory_ratio=50),
    )


@pytest.fixture
def history(engine: Engine) -> None:
    """Four labels and 400 labelled tickets of the past."""
    rows = [Ticket(**row) for row in labelled_rows(400, seed=3)]  # type: ignore[arg-type]

    def work(connection: object) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])  # type: ignore[arg-type]
        import_labelled(connection, rows, source="history")  # type: ignore[arg-type]

    transaction(engine, work)


def _seen(engine: Engine, run: int) -> TrainingRun:
    found = transaction(engine, lambda c: training_runs.find(c, run))
    assert found is not None
    return found


def _decided(engine: Engine, count: int, body: Callable[[int], str]) -> list[UUID]:
    """Tickets that were decided, each predicted `refund`."""

    def work(connection: object) -> list[UUID]:
        given = [a_ticket(f"live-{body(0)}-{n}", subject="", body=body(n)) for n in range(count)]
        stored = accept(connection, given, source="live")  # type: ignore[arg-type]
        claims = claim(connection, worker=1, most=1000, lease_s=60)  # type: ignore[arg-type]
        finish(connection, [finished(x) for x in claims])  # type: ignore[arg-type]
        connection.execute(text("UPDATE decisions SET labels = '{refund}'"))  # type: ignore[attr-defined]
        return [entry.id for entry in stored]

    return transaction(engine, work)


def _correct(engine: Engine, ticket: UUID, labels: list[str], agent: str = "anna") -> UUID:
    feedback = Feedback(ticket_id=ticket, kind=FeedbackKind.WRONG_LABEL, agent=agent, labels=labels)
    return transaction(engine, lambda c: corrections.give(c, feedback))


def _active(engine: Engine) -> model_versions.ModelVersion:
    found = transaction(engine, model_versions.active)
    assert found is not None
    return found


def _predicted(engine: Engine, text_: str) -> set[str]:
    network = load_network(open_artifact(_active(engine).path), device="cpu", threads=1)
    scores = network.predict([text_])[0]
    return {
        label
        for label, score in zip(network.labels, scores, strict=True)
        if score >= network.thresholds[label]
    }


@pytest.mark.usefixtures("history")
def test_corrections_become_the_next_model_and_its_version_names_what_it_learned_from(
    engine: Engine, plan: Plan
) -> None:
    first = carried_out(engine, plan, "first")
    assert (first.state, first.outcome) == (RunState.SUCCEEDED, "promoted"), first.error
    assert "shipping" not in _predicted(engine, _TEXT)

    for ticket in _decided(engine, 40, lambda n: f"{_TEXT} {'please ' * (n % 5)}{n}"):
        _correct(engine, ticket, ["shipping"])
    second = carried_out(engine, plan, "second")
    assert (second.state, second.outcome) == (RunState.SUCCEEDED, "promoted"), second
    assert _active(engine).version == second.candidate != first.candidate
    assert "shipping" in _predicted(engine, _TEXT)
    manifest = open_artifact(_active(engine).path).manifest
    assert second.snapshot_id is not None
    assert (plan.state / "snapshots" / second.snapshot_id / "train.jsonl.gz").is_file()
    assert manifest.facts.seeds == (0,)


@pytest.mark.usefixtures("history")
def test_the_same_data_again_changes_nothing(engine: Engine, plan: Plan) -> None:
    first = carried_out(engine, plan, "first")
    second = carried_out(engine, plan, "second")
    assert (second.outcome, second.candidate) == ("unchanged", None)
    assert second.snapshot_id == first.snapshot_id
    assert _active(engine).version == first.candidate


@pytest.mark.usefixtures("history")
def test_with_manual_promotion_a_model_that_passes_waits(engine: Engine, plan: Plan) -> None:
    manual = replace(plan, limits=replace(plan.limits, mode=GateMode.MANUAL))
    run = carried_out(engine, manual, "first")
    assert run.outcome == "waiting for approval"
    assert transaction(engine, model_versions.active) is None
    [known] = transaction(engine, model_versions.known_versions)
    assert (known.version, known.outcome) == (run.candidate, "waiting for approval")


def _refunds(count: int, *also: str) -> list[str]:
    """Texts about refunds and what else is said, and nothing more."""
    labels = sorted(["refund", *also])
    rows = [row for row in labelled_rows(4000, seed=9) if row["labels"] == labels][:count]
    return [f"{row['subject']} {row['body']}" for row in rows]


@pytest.mark.usefixtures("history")
def test_flipped_corrections_among_right_ones_are_held_with_their_reason(
    engine: Engine, plan: Plan
) -> None:
    carried_out(engine, plan, "first")
    bodies = _refunds(100, "billing")
    flipped: set[UUID] = set()
    for number, ticket in enumerate(_decided(engine, 100, lambda n: bodies[n])):
        is_flipped = number % 10 < 3
        labels = ["login"] if is_flipped else ["refund", "billing"]
        id_ = _correct(engine, ticket, labels, agent=f"agent {number % 10}")
        flipped |= {id_} if is_flipped else set()
    run = carried_out(engine, plan, "second")
    waiting = {item.id: item.reason for item in transaction(engine, corrections.held)}
    assert len(flipped & set(waiting)) >= 10, "a third or more of the flipped ones wait"
    assert len(set(waiting) - flipped) <= 3, "hardly any of the right ones do"
    signs = re.compile("unlikely by (all )?other rows|agent [012] seems right in")
    assert all(signs.match(reason) for reason in waiting.values())
    assert run.outcome in ("promoted", "rejected")
    assert "refund" in _predicted(engine, "refund please")


@pytest.mark.usefixtures("history")
def test_the_gate_rejects_what_no_other_row_could_contradict(engine: Engine, plan: Plan) -> None:
    first = carried_out(engine, plan, "first")
    bodies = _refunds(300)
    for number, ticket in enumerate(_decided(engine, len(bodies), lambda n: bodies[n])):
        _correct(engine, ticket, ["login"], agent=f"agent {number}")
    run = carried_out(engine, plan, "second")
    assert run.outcome == "rejected"
    assert run.gate is not None
    assert "Macro-F1 on the holdout" in run.gate["reason"]
    assert run.gate["against"] == _active(engine).version
    assert _active(engine).version == first.candidate


def test_without_labelled_tickets_a_run_fails_with_words_and_the_model_stays(
    engine: Engine, plan: Plan
) -> None:
    run = carried_out(engine, plan, "first")
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert "import some, or correct some" in run.error


@pytest.mark.usefixtures("history")
def test_a_stopped_trainer_gives_its_run_back_and_the_next_one_ends_it(
    engine: Engine, plan: Plan
) -> None:
    transaction(
        engine,
        lambda c: training_runs.request(
            c, window="w", trigger="manual", reason="test", requested_by="test"
        ),
    )
    run = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert run is not None
    stopping = threading.Event()
    stopping.set()
    carry_out(engine, run, plan, stopping)
    assert _seen(engine, run.id).state is RunState.QUEUED
    again = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert again is not None
    carry_out(engine, again, plan, threading.Event())
    assert _seen(engine, run.id).outcome == "promoted"


@pytest.mark.usefixtures("history")
def test_a_trainer_that_lost_its_run_promotes_nothing(engine: Engine, plan: Plan) -> None:
    transaction(
        engine,
        lambda c: training_runs.request(
            c, window="w", trigger="manual", reason="test", requested_by="test"
        ),
    )
    late = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert late is not None
    with engine.begin() as connection:
        connection.execute(text("UPDATE training_runs SET lease_until = now()"))
    heir = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert heir is not None
    carry_out(engine, late, plan, threading.Event())
    assert transaction(engine, model_versions.active) is None
    assert _seen(engine, heir.id).state is RunState.RUNNING


@pytest.mark.usefixtures("history")
def test_every_artifact_of_a_run_has_its_linear_model(engine: Engine, plan: Plan) -> None:
    carried_out(engine, plan, "first")
    linear = LinearModel.load(open_artifact(_active(engine).path))
    assert set(linear.labels) == set(LABELS)


def _trials(engine: Engine) -> list[tuple[str, str, str]]:
    found = transaction(engine, lambda c: trials.newest(c, most=9))
    return [(trial.stage, trial.version, trial.against) for trial in reversed(found)]


def _two_runs(engine: Engine, plan: Plan) -> tuple[TrainingRun, TrainingRun]:
    """The second learned from corrections too."""
    first = carried_out(engine, plan, "first")
    for ticket in _decided(engine, 40, lambda n: f"{_TEXT} {'please ' * (n % 5)}{n}"):
        _correct(engine, ticket, ["shipping"])
    return first, carried_out(engine, plan, "second")


@pytest.mark.usefixtures("history")
def test_a_promoted_model_is_on_probation_against_the_one_before(
    engine: Engine, plan: Plan
) -> None:
    first, second = _two_runs(engine, plan)
    assert _active(engine).version == second.candidate
    assert _trials(engine) == [(TrialStage.PROBATION, second.candidate, first.candidate)]


@pytest.mark.usefixtures("history")
def test_a_careful_loop_tries_the_next_model_as_a_shadow_before_it_serves(
    engine: Engine, plan: Plan
) -> None:
    first, second = _two_runs(engine, replace(plan, careful=True))
    assert (first.outcome, second.outcome) == ("promoted", "on trial")
    assert _active(engine).version == first.candidate
    assert _trials(engine) == [(TrialStage.SHADOW, second.candidate, first.candidate)]
