from pathlib import Path

import pytest

from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.commands import CommandLine
from tests.factories.labelled import labelled_file


@pytest.fixture
def pointsman(tmp_path: Path) -> CommandLine:
    return CommandLine(state=tmp_path / "state")


def _artifacts(folder: Path) -> tuple[str, str, str]:
    """Two artifacts and a labelled file, as arguments."""
    build_tiny_artifact(folder / "old")
    build_tiny_artifact(folder / "new", labels=LABELS[:3], seed=1)
    return str(folder / "old"), str(folder / "new"), str(labelled_file(folder / "rows.jsonl", 40))


def test_two_artifacts_are_compared_for_people_and_for_machines(
    pointsman: CommandLine, tmp_path: Path
) -> None:
    old, new, data = _artifacts(tmp_path)
    shown = pointsman.run("compare", old, new, "--data", data)
    assert shown.status == 0, shown.err
    for words in (
        "macro_f1",
        "B - A",
        "p = ",
        "tickets/s",
        f"A alone knows, so left out: {LABELS[3]}",
    ):
        assert words in shown.out
    found = pointsman.run("compare", old, new, "--data", data, "--json")
    assert found.status == 0, found.err
    assert found.out.count("\n") == 1
    assert set(found.result["difference"]["macro_f1"]) == {"value", "low", "high", "p_value"}
    assert found.result["first"]["only_here"] == [LABELS[3]]


def test_a_damaged_artifact_ends_in_one_line(pointsman: CommandLine, tmp_path: Path) -> None:
    old, new, data = _artifacts(tmp_path)
    (tmp_path / "new" / "thresholds.json").write_text("{}")
    ended = pointsman.run("compare", old, new, "--data", data)
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert "thresholds.json" in ended.err
