import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from classifier.artifacts import Artifact
from cli.main import main
from core.types import TrialStage
from store.engine import transaction
from store.models import trials
from tests.factories.artifacts import build_tiny_artifact
from tests.integration.cli.conftest import Run


def test_a_canary_is_begun_looked_at_and_promoted_into_probation_by_hand(
    engine: Engine, run: Run, active: Artifact, tried: Artifact
) -> None:
    status, begun = run("models", "try", tried.version[:8], "--stage", "canary", "--share", "0.2")
    assert status == 0
    assert (begun["version"], begun["against"]) == (tried.version, active.version)
    assert (begun["stage"], begun["share"], begun["open"]) == ("canary", 0.2, True)
    status, shown = run("models", "trial")
    assert (status, shown["finding"]["ruling"], shown["finding"]["judged"]) == (0, "continue", 0)
    assert "overruled 0 of 0" in shown["finding"]["sentence"]
    assert run("models", "end", "--promote") == (0, {"active": tried.version})
    now = transaction(engine, trials.current)
    assert now is not None
    assert (now.stage, now.version, now.against) == (
        TrialStage.PROBATION,
        tried.version,
        active.version,
    )
    assert run("models", "end", "--discard") == (0, {"active": active.version})
    _, models = run("models", "list")
    assert [m["version"] for m in models["models"] if m["active"]] == [active.version]
    _, last = run("models", "trial")
    assert (last["open"], last["outcome"], last["reason"]) == (
        False,
        "rolled_back",
        "ended by hand",
    )


def test_a_folder_may_be_tried_and_is_a_shadow_unless_said_otherwise(
    run: Run, active: Artifact, tmp_path: Path
) -> None:
    made = build_tiny_artifact(tmp_path / "new", seed=2)
    status, begun = run("models", "try", str(made.path))
    assert (status, begun["version"], begun["stage"]) == (0, made.version, "shadow")
    assert run("models", "end", "--discard") == (0, {"active": active.version})


def test_before_any_trial_there_is_none_to_show_or_end(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", "trial") == (0, {"trial": None})
    assert main(["models", "end", "--promote"]) == 2
    assert "pointsman models try" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stage", "probation"], "shadow or canary"),
        (["--share", "0.1"], "--stage canary"),
        (["--stage", "canary", "--share", "1.5"], "0 to 1"),
    ],
)
def test_a_trial_that_makes_no_sense_is_a_bad_argument(
    arguments: list[str],
    said: str,
    configured: Path,
    tried: Artifact,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models", "try", tried.version, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_version_that_serves_and_one_without_files_cannot_be_tried(
    run: Run, active: Artifact, tried: Artifact
) -> None:
    assert run("models", "try", active.version)[0] == 2
    shutil.rmtree(tried.path)
    assert run("models", "try", tried.version)[0] == 1
    assert run("models", "trial") == (0, {"trial": None})


def test_nobody_goes_back_to_a_version_whose_files_are_gone(
    engine: Engine, run: Run, active: Artifact, tried: Artifact
) -> None:
    run("models", "try", tried.version)
    run("models", "end", "--promote")
    shutil.rmtree(active.path)
    assert run("models", "end", "--discard")[0] == 1
    now = transaction(engine, trials.current)
    assert now is not None
    assert now.version == tried.version
