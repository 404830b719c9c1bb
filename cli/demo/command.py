"""`pointsman demo`: the whole system in one command, from an empty folder to routed tickets."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output

EXAMPLE = "Example: pointsman demo --tickets 60 --exit --json"


def command(
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled tickets (.jsonl or .jsonl.gz) instead of the sample shop."),
    ] = None,
    tickets: Annotated[int, typer.Option(min=1, help="How many to send.")] = 120,
    leave: Annotated[bool, typer.Option("--exit", help="Stop after the summary.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a model, start everything, send tickets, and show where they went."""
    from cli.demo.story import Wish, tell
    from core.settings import load_settings

    wish, settings = Wish(data=data, tickets=tickets, leave=leave), load_settings()
    summary = tell(wish, settings, Output(as_json=as_json))
    raise typer.Exit(0 if summary.is_sound else 1)
