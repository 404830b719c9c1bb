"""The running system's stream against what its model was made for, on a real database."""

import gzip
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text

from classifier.artifacts import Artifact
from classifier.transformer import load_network
from core.errors import Permanent
from core.text import model_text
from core.types import FeedbackKind
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.figures import drift_reports
from store.figures.drift_reports import DriftReport
from store.models import snapshots, training_runs
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.drifting import Pool, Rows, sample_pool
from tests.factories.labelled import labelled_rows
from tests.factories.models import install
from tests.factories.streams import Made, age_model, put
from trainer.drift.limits import Limits
from trainer.drift.live import Checked, WatchPlan, check
from trainer.loop.snapshot import Side, rows_file
from trainer.loop.triggers import Policy, due

_SAMPLES = Path(__file__).parents[3] / "samples"
_TICKETS = 800
_LIMITS = Limits(text_sample=300, distance_sample=100, permutations=199)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return sample_pool(_SAMPLES)


@pytest.fixture
def plan(tmp_path: Path) -> WatchPlan:
    return WatchPlan(
        state=tmp_path / "state",
        device="cpu",
        threads=1,
        every=timedelta(hours=24),
        tickets=_TICKETS,
        limits=_LIMITS,
    )


@pytest.fixture
def artifact(engine: Engine, pool: Pool, tmp_path: Path) -> Artifact:
    """One that knows the samples' labels and has served for three hours."""
    made = build_tiny_artifact(tmp_path / "model", labels=pool.corpus.labels)
    install(engine, made)
    since = datetime.now(UTC) - timedelta(hours=3)
    transaction(engine, lambda c: age_model(c, made.version, since))
    return made


def _stream(pool: Pool, rows: Rows) -> list[Made]:
    """Tickets of the samples as the linear model, which did not learn from them, sees them."""
    return [
        Made(
            body=pool.corpus.texts[row],
            scores=dict(zip(pool.corpus.labels, pool.scores[row].tolist(), strict=True)),
        )
        for row in rows
    ]


def _arrive(
    engine: Engine, artifact: Artifact, made: Sequence[Made], *, later_ms: float = 1
) -> None:
    """Puts tickets right behind the window that was looked at last."""
    looked = transaction(engine, lambda c: drift_reports.looked_at_until(c, artifact.version))
    start = (looked or datetime.now(UTC) - timedelta(hours=2)) + timedelta(milliseconds=later_ms)
    none = timedelta(0)
    transaction(engine, lambda c: put(c, made, version=artifact.version, start=start, every=none))


def _reference(engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan) -> None:
    """A first window that later ones are compared with."""
    _arrive(engine, artifact, _stream(pool, pool.draw(_TICKETS, 0)))
    checked = check(engine, plan)
    assert checked.report is None
    assert checked.why == f"the first {_TICKETS} tickets are what later ones are held to"


def _report(checked: Checked) -> DriftReport:
    assert checked.report is not None, checked.why
    return checked.report


def _alerts(report: DriftReport) -> set[tuple[str, str | None]]:
    return {(f["signal"], f["label"]) for f in report.findings if f["severity"] == "alert"}


def _count(engine: Engine, what: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


def _events(engine: Engine) -> int:
    return _count(engine, "outbox WHERE event = 'drift.detected'")


def test_a_quiet_window_has_a_report_and_no_alert(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    _arrive(engine, artifact, _stream(pool, pool.draw(_TICKETS, 1)))
    report = _report(check(engine, plan))
    assert (report.alerts, report.tickets) == (0, _TICKETS)
    assert report.model_version == artifact.version
    assert {"text_distance", "text_auc", "new_texts"} < {f["signal"] for f in report.findings}
    assert _events(engine) == 0
    assert check(engine, plan).report is None, "the next window has no ticket yet"


def test_a_label_whose_share_tripled_alerts_within_its_window_and_is_told_once(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    _arrive(engine, artifact, _stream(pool, pool.draw_tripled("login", _TICKETS, 2)))
    report = _report(check(engine, plan))
    assert ("estimated_share", "login") in _alerts(report)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT payload FROM outbox WHERE event = 'drift.detected'"))
        [payload] = rows.scalars()
    assert payload["report"] == report.id
    assert payload["model_version"] == artifact.version
    assert len(payload["alerts"]) == report.alerts
    assert any("were login and now" in alert["sentence"] for alert in payload["alerts"])


def test_another_language_mixed_in_alerts_within_its_window(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    foreign = np.random.default_rng(3).choice(pool.foreign, _TICKETS // 5)
    mixed = np.concatenate([pool.draw(_TICKETS - len(foreign), 1), foreign])
    _arrive(engine, artifact, _stream(pool, mixed))
    assert ("new_texts", None) in _alerts(_report(check(engine, plan)))


def test_two_trainers_that_check_at_once_make_one_report_and_one_event(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    _arrive(engine, artifact, _stream(pool, pool.draw_tripled("login", _TICKETS, 2)))
    found: list[Checked] = []
    both = [threading.Thread(target=lambda: found.append(check(engine, plan))) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert [checked.report is not None for checked in found].count(True) == 1
    assert (_count(engine, "drift_reports"), _events(engine)) == (2, 1)


def test_a_check_that_dies_in_its_last_step_leaves_nothing_and_is_made_again(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    _arrive(engine, artifact, _stream(pool, pool.draw_tripled("login", _TICKETS, 2)))
    _execute(
        engine,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no event today'; END $$",
    )
    _execute(
        engine,
        "CREATE TRIGGER refuse BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    with pytest.raises(Permanent):
        check(engine, plan)
    assert (_count(engine, "drift_reports"), _events(engine)) == (1, 0)
    _execute(engine, "DROP TRIGGER refuse ON outbox")
    assert _report(check(engine, plan)).alerts
    assert _events(engine) == 1


def test_what_was_computed_of_the_reference_is_kept_without_text_and_made_again_if_damaged(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    _arrive(engine, artifact, _stream(pool, pool.draw(_TICKETS, 1)))
    first = _report(check(engine, plan))
    [kept] = (plan.state / "drift").iterdir()
    content = kept.read_bytes()
    page = drift_reports.page_file(plan.state, first.id).read_bytes()
    for text_free in (content, page):
        assert pool.corpus.texts[int(pool.english[0])][:20].encode() not in text_free
    kept.write_bytes(content[:100])
    _arrive(engine, artifact, _stream(pool, pool.draw(_TICKETS, 1)))
    second = _report(check(engine, plan))
    assert kept.read_bytes() == content
    assert second.since == first.until


def test_a_window_stays_open_until_it_is_full_or_old_enough_or_somebody_asks(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    _arrive(engine, artifact, _stream(pool, pool.draw(150, 1)))
    old = replace(plan, every=timedelta(0))
    assert "under 200 nothing is judged" in check(engine, old, now=True).why
    _arrive(engine, artifact, _stream(pool, pool.draw(150, 4)), later_ms=2)
    assert check(engine, plan).why == "the window is not full yet"
    assert _report(check(engine, plan, now=True)).tickets == 300


def test_labels_that_were_switched_off_in_between_are_left_out(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    stream = _stream(pool, pool.draw(_TICKETS, 1))
    without = {label: score for label, score in stream[0].scores.items() if label != "login"}
    _arrive(engine, artifact, [*stream[1:], replace(stream[0], scores=without)])
    labels = {f["label"] for f in _report(check(engine, plan)).findings}
    assert labels == {None, *pool.corpus.labels} - {"login"}


def test_decisions_of_lower_rungs_and_of_empty_tickets_do_not_count(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    stream = _stream(pool, pool.draw(300, 1))
    lower = [replace(one, rung="linear") for one in stream]
    _arrive(engine, artifact, [*lower, *(replace(one, body=" ") for one in stream)])
    assert "0 tickets" in check(engine, plan, now=True).why


def test_a_model_that_was_trained_here_is_held_against_its_holdout_from_the_first_window(
    engine: Engine, plan: WatchPlan, tmp_path: Path
) -> None:
    made = build_tiny_artifact(tmp_path / "trained")
    install(engine, made)
    _trained_on(engine, made, tmp_path / "snapshot", labelled_rows(500, seed=1))
    network = load_network(made, device="cpu", threads=1)
    texts = [model_text(str(r["subject"]), str(r["body"])) for r in labelled_rows(500, seed=2)]
    scores = network.predict(texts).astype(float)
    stream = [
        Made(body=body, scores=dict(zip(LABELS, row.tolist(), strict=True)))
        for body, row in zip(texts, scores, strict=True)
    ]
    since = datetime.now(UTC) - timedelta(hours=3)
    transaction(engine, lambda c: age_model(c, made.version, since))
    _arrive(engine, made, stream)
    report = _report(check(engine, plan, now=True))
    assert report.alerts == 0
    share = next(f for f in report.findings if f["signal"] == "estimated_share")
    assert (share["reference_n"], share["current_n"]) == (500, 500)


def test_an_alert_starts_a_retraining_once_a_correction_is_new_and_only_one(
    engine: Engine, artifact: Artifact, pool: Pool, plan: WatchPlan
) -> None:
    _reference(engine, artifact, pool, plan)
    _arrive(engine, artifact, _stream(pool, pool.draw_tripled("login", _TICKETS, 2)))
    report = _report(check(engine, plan))
    assert _due(engine) is None, "nothing new could be learned"
    with engine.begin() as connection:
        ticket = connection.execute(text("SELECT id FROM tickets ORDER BY id LIMIT 1")).scalar_one()
        given = Feedback(ticket_id=ticket, kind=FeedbackKind.CONFIRMED, agent="anna")
        corrections.give(connection, given)
    why = _due(engine)
    assert why == f"drift report {report.id} has {report.alerts} alerts, and 1 new corrections"
    with engine.begin() as connection:
        training_runs.request(
            connection, window="w", trigger="drift", reason=why, requested_by="test"
        )
        corrections.give(connection, given)
    assert _due(engine) is None, "the run that was asked for serves the alert"


def test_without_a_model_there_is_nothing_to_check(engine: Engine, plan: WatchPlan) -> None:
    assert check(engine, plan, now=True) == Checked(why="no model serves")


def _due(engine: Engine) -> str | None:
    since = transaction(engine, training_runs.since_last)
    policy = Policy(
        corrections=0, every=timedelta(0), override_rate=0, override_tickets=1, on_drift=True
    )
    trigger = due(policy, since)
    return None if trigger is None else trigger.reason


def _execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def _trained_on(
    engine: Engine, artifact: Artifact, place: Path, rows: Sequence[dict[str, object]]
) -> None:
    """Lets an artifact have come from a run on a snapshot with these rows as its holdout."""
    place.mkdir()
    lines = "\n".join(json.dumps(row) for row in rows)
    rows_file(place, Side.HOLDOUT).write_bytes(gzip.compress(lines.encode()))
    with engine.begin() as connection:
        snapshots.register(connection, snapshot_id="0" * 64, path=place, summary={})
        training_runs.request(
            connection, window="w", trigger="manual", reason="test", requested_by="test"
        )
        run = training_runs.claim(connection, lease_s=60)
        assert run is not None
        training_runs.note_snapshot(connection, run, "0" * 64)
        training_runs.succeed(
            connection, run, candidate=artifact.version, outcome="promoted", gate={}
        )
