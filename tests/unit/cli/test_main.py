import subprocess
import sys
from pathlib import Path

import pytest
import typer

from cli.main import app, error_line, main
from core.errors import ArtifactInvalid, Invalid, Permanent, StateLocked, Transient

_HEAVY = ("torch", "sqlalchemy", "celery", "pydantic", "transformers", "fastapi")


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, cli.main; print([name for name in {_HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "[]\n"


def test_help_is_there_with_an_example_for_every_command() -> None:
    def commands(group: typer.Typer) -> list[typer.models.CommandInfo]:
        below = [info.typer_instance for info in group.registered_groups]
        inner = [entry for sub in below if sub is not None for entry in commands(sub)]
        return [*group.registered_commands, *inner]

    for entry in commands(app):
        assert entry.callback is not None
        assert entry.callback.__doc__
        assert (entry.epilog or "").startswith("Example: ")


def test_an_unknown_command_is_a_bad_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nope"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_a_wrong_setting_is_one_line_that_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POINTSMAN_HTTP_PORT", "many")
    assert main(["migrate"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("pointsman: POINTSMAN_HTTP_PORT: ")
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_is_a_bad_argument(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["rules", "import", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml: no such file" in capsys.readouterr().err.lower()


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (Invalid("--x", "is wrong", "mend it"), "mend it"),
        (StateLocked("process 7 is using it; stop it first"), "stop it first"),
        (ArtifactInvalid("it was\naltered"), "pointsman train"),
        (Transient("Redis is away"), "doctor"),
        (Permanent("PostgreSQL: UndefinedTable 42P01"), "migrate"),
        (Transient("no worker runs; start `pointsman up`"), "start `pointsman up`"),
    ],
)
def test_every_error_says_in_one_line_what_to_do_next(error: Exception, advice: str) -> None:
    assert isinstance(error, Exception)
    line = error_line(error)  # type: ignore[arg-type]
    assert "\n" not in line
    assert advice in line
