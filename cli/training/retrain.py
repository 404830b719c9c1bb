"""`pointsman retrain`: asks for a training run, and watches it if wanted."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output

EXAMPLE = "Example: pointsman retrain --wait"


def command(
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "asked for",
    wait: Annotated[bool, typer.Option("--wait", help="Show the progress until it ends.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the trainer for a new model from what agents corrected. The gate decides on it."""
    from cli.running.services import connected
    from cli.training.retraining import ask, current, run_line, run_object, watch
    from core.types import RunState

    output = Output(as_json=as_json)
    with connected() as here:
        run = ask(here, reason)
        for line in watch(here.engine, run.id) if wait else ():
            output.say(line)
        run = run if not wait else current(here.engine, run.id)
    output.say(run_line(run))
    output.result(run_object(run))
    raise typer.Exit(1 if run.state is RunState.FAILED else 0)
