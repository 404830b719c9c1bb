"""`drift`, `models quality` and `corrections audit` on a running system's database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import Engine

from cli.main import main
from core.types import FeedbackKind
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.models import install
from tests.factories.streams import Made, age_model, put
from tests.integration.cli.conftest import Run


@pytest.fixture
def version(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model that has served for three hours."""
    monkeypatch.setenv("POINTSMAN_DEVICE", "cpu")
    monkeypatch.setenv("POINTSMAN_DEVICE_THREADS", "1")
    artifact = build_tiny_artifact(tmp_path / "model")
    install(engine, artifact)
    since = datetime.now(UTC) - timedelta(hours=3)
    transaction(engine, lambda c: age_model(c, artifact.version, since))
    return artifact.version


def _decide(engine: Engine, version: str, count: int, *, often: float) -> list[UUID]:
    """Tickets that arrive now; `billing` scores high in a share of them."""
    chance = np.random.default_rng(round(1000 * often))
    made = []
    for number in range(count):
        high = chance.random(4) < (often, 0.2, 0.2, 0.2)
        scores = np.where(high, chance.beta(9, 1, 4), chance.beta(1, 9, 4))
        by_label = dict(zip(LABELS, scores.tolist(), strict=True))
        labels = [label for label, score in by_label.items() if score >= 0.5]
        made.append(Made(body=f"please {number} invoice", scores=by_label, labels=labels))
    start, none = datetime.now(UTC), timedelta(0)
    return transaction(engine, lambda c: put(c, made, version=version, start=start, every=none))


def test_a_check_now_tells_what_drifted_and_draws_it(
    run: Run, engine: Engine, version: str, tmp_path: Path
) -> None:
    assert run("drift") == (0, {"report": None})
    _decide(engine, version, 400, often=0.2)
    assert run("drift", "--now") == (0, {"report": None}), "the first window is the reference"
    _decide(engine, version, 400, often=0.6)
    page = tmp_path / "drift.html"
    status, result = run("drift", "--now", "--report", str(page))
    assert status == 0
    report = result["report"]
    assert (report["drifted"], report["tickets"]) == (True, 400)
    alerts = {f["label"] for f in report["findings"] if f["severity"] == "alert"}
    assert "billing" in alerts
    assert page.read_text(encoding="utf-8").count("data:image/png") == 3
    assert run("drift") == (0, result), "it is kept"


def test_a_window_with_few_tickets_is_said_to_have_few(
    engine: Engine, version: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    _decide(engine, version, 30, often=0.2)
    assert main(["drift", "--now"]) == 0
    said = capsys.readouterr().out
    assert "Nothing was compared: 30 tickets since" in said
    assert "under 200 nothing is judged" in said


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("arguments", [["--model", "m"], ["--now", "--current", "f"]])
def test_half_of_the_files_is_a_bad_argument(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", *arguments]) == 2
    assert "give all three to compare files" in capsys.readouterr().err


def test_quality_and_audit_follow_what_agents_say(
    run: Run, engine: Engine, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POINTSMAN_AUDIT_SHARE", "1")
    ids = _decide(engine, version, 20, often=0.5)
    _, waiting = run("corrections", "audit", "--most", "5")
    assert [item["ticket"] for item in waiting["audit"]] == [str(id_) for id_ in ids[:5]]

    def judge(connection: object) -> None:
        for place, id_ in enumerate(ids[:10]):
            kind = FeedbackKind.WRONG_LABEL if place < 2 else FeedbackKind.CONFIRMED
            labels: tuple[str, ...] | None = () if place < 2 else None
            given = Feedback(ticket_id=id_, kind=kind, agent="anna", labels=labels)
            corrections.give(connection, given)  # type: ignore[arg-type]

    transaction(engine, judge)
    _, waiting = run("corrections", "audit")
    assert len(waiting["audit"]) == 10
    status, result = run("models", "quality", "--by", "label", "--version", version[:6])
    assert status == 0
    assert set(result["figures"]) <= set(LABELS)
    audit = result["audit"][version]
    assert (audit["drawn"], audit["judged"], audit["accuracy"]) == (20, 10, 0.8)
    assert audit["low"] < 0.8 < audit["high"]
    _, overall = run("models", "quality")
    assert overall["figures"]["all"]["override_rate"] == 0.2
    assert main(["models", "quality"]) == 0


def test_an_unknown_version_is_a_bad_argument(run: Run) -> None:
    assert run("models", "quality", "--version", "nope")[0] == 2
