from pathlib import Path

import pytest
from sqlalchemy import Engine

from cli.main import main
from store.engine import transaction
from store.models import model_versions
from tests.factories.artifacts import build_tiny_artifact
from tests.integration.cli.conftest import Run


def _by_name(result: dict[str, list[dict[str, object]]]) -> dict[object, dict[str, object]]:
    return {finding["name"]: finding for finding in result["findings"]}


def test_a_fresh_installation_lacks_a_model_and_a_worker(run: Run) -> None:
    status, result = run("doctor")
    findings = _by_name(result)
    assert status == 1
    assert {name for name, finding in findings.items() if not finding["ok"]} == {"model", "workers"}
    assert {"settings", "disk", "torch", "encoder", "redis", "postgres", "clock", "schema"} <= (
        findings.keys()
    )
    assert findings["model"]["fix"]


def test_a_damaged_model_is_found(run: Run, engine: Engine, tmp_path: Path) -> None:
    artifact = build_tiny_artifact(tmp_path / "model")
    version = artifact.version

    def activate() -> None:
        transaction(
            engine,
            lambda c: model_versions.register(
                c, version=version, path=artifact.path, labels=artifact.labels, metrics={}
            ),
        )
        transaction(engine, lambda c: model_versions.activate(c, version, actor="test"))

    activate()
    assert _by_name(run("doctor")[1])["model"]["ok"]
    (artifact.path / "labels.json").write_text("[]")
    finding = _by_name(run("doctor")[1])["model"]
    assert not finding["ok"]
    assert "labels.json" in str(finding["detail"])


def test_services_that_are_away_are_findings_and_no_crash(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", "postgresql://x@127.0.0.1:1/none")
    monkeypatch.setenv("POINTSMAN_REDIS_URL", "redis://127.0.0.1:1/0")
    findings = _by_name(run("doctor")[1])
    assert not findings["postgres"]["ok"]
    assert not findings["redis"]["ok"]


def test_an_old_schema_is_found_and_migrated(
    run: Run,
    empty_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", empty_database_url)
    assert _by_name(run("doctor")[1])["schema"]["fix"] == "run `pointsman migrate`"
    status, result = run("migrate")
    assert (status, result["before"]) == (0, None)
    assert run("migrate")[1]["before"] == result["revision"]
    assert main(["migrate"]) == 0
    assert "as before" in capsys.readouterr().out


def test_a_plan_asks_for_what_no_worker_has_counted_yet(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--plan", "50"]) == 2
    assert "--tokens" in capsys.readouterr().err
    status, result = run("doctor", "--plan", "50", "--tokens", "90", "--device-tokens", "9000")
    assert (status, result["plan"]["devices"]) == (0, 1)
