import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from cli.training.view import Bars, Lines, shown_training


def test_without_a_terminal_each_stage_and_note_is_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown_training() as progress:
        assert isinstance(progress, Lines)
        progress.stage("embedding")
        progress.advance(0.5, 3)
        progress.note("label 'x' is left out")
    err = "training: embedding\ntraining: label 'x' is left out\n"
    assert capsys.readouterr() == ("", err)


def test_on_a_terminal_each_stage_has_a_bar_that_ends_full() -> None:
    columns = (TextColumn("{task.description}"), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=Console(quiet=True), auto_refresh=False) as progress:
        bars = Bars(progress)
        bars.advance(0.1, None)
        bars.stage("embedding")
        bars.advance(0.5, 12.4)
        assert progress.tasks[0].fields["left"] == "12 s left"
        bars.stage("head")
        bars.note("[bold]a note")
        first, second = progress.tasks
    assert (first.percentage, first.fields["left"]) == (100, "")
    assert second.description == "head"
