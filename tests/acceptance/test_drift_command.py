"""`pointsman drift` as an operator runs it: two files, one artifact, no server."""

import json
from pathlib import Path

import pytest

from tests.factories.artifacts import build_tiny_artifact
from tests.factories.commands import CommandLine
from tests.factories.labelled import labelled_rows


@pytest.fixture
def pointsman(tmp_path: Path) -> CommandLine:
    return CommandLine(state=tmp_path / "state")


def _file(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def _about_refunds(count: int) -> list[dict[str, object]]:
    """Unlabelled tickets of one kind that the labelled rows seldom are."""
    rows = labelled_rows(count, seed=5)
    return [
        {"id": row["id"], "subject": "refund", "body": f"refund {row['body']} refund charge"}
        for row in rows
    ]


def _arguments(tmp_path: Path, current: list[dict[str, object]]) -> list[str]:
    model = build_tiny_artifact(tmp_path / "model").path
    before = _file(tmp_path / "before.jsonl", labelled_rows(400, seed=1))
    now = _file(tmp_path / "now.jsonl", current)
    files = ["--reference", str(before), "--current", str(now)]
    return ["drift", "--model", str(model), *files, "--device", "cpu"]


def test_a_stream_that_changed_is_found_and_the_command_still_succeeds(
    pointsman: CommandLine, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    arguments = _arguments(tmp_path, _about_refunds(400))
    done = pointsman.run(*arguments, "--fast", "--out", str(report), "--json")
    assert done.status == 0, done.err
    assert done.result["drifted"] is True
    assert any(finding["severity"] == "alert" for finding in done.result["findings"])
    assert len(done.out.splitlines()) == 1
    assert "alert: " in done.err
    assert "data:image/png" in report.read_text(encoding="utf-8")


def test_a_quiet_stream_is_called_quiet_by_the_network(
    pointsman: CommandLine, tmp_path: Path
) -> None:
    done = pointsman.run(*_arguments(tmp_path, labelled_rows(400, seed=2)))
    assert done.status == 0, done.err
    assert "by the network" in done.out
    assert "alert" not in done.out
    assert "400 tickets before, 400 now: " in done.out


def test_a_small_file_is_too_few_and_a_missing_one_a_bad_argument(
    pointsman: CommandLine, tmp_path: Path
) -> None:
    arguments = _arguments(tmp_path, _about_refunds(30))
    few = pointsman.run(*arguments, "--fast", "--json")
    assert (few.status, few.result["drifted"], few.result["severity"]) == (0, False, "too_few")
    (tmp_path / "now.jsonl").unlink()
    missing = pointsman.run(*arguments, "--fast")
    assert missing.status == 2
    assert "name a readable file" in missing.err
