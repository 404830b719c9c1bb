"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[
    bool, typer.Option("--json", help="Machine output on stdout; its last line is JSON.")
]
Device = Annotated[
    str | None,
    typer.Option("--device", help="auto, cpu, cuda:N, or all (a worker for each GPU)."),
]
DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Tickets, a JSON object a line (.jsonl or .jsonl.gz); - is stdin."
    ),
]


def one_device(setting: str) -> str:
    """The device of a command that uses one: `all`, which is for workers, means any of them."""
    return "auto" if setting == "all" else setting
