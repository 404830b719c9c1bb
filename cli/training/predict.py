"""`pointsman predict`: labels for tickets from a file, without any server."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, Device
from cli.output import complain

EXAMPLE = "Example: pointsman predict --model model < tickets.jsonl > labels.jsonl"


def command(
    model: Annotated[Path, typer.Option(help="Artifact folder, as `train` made it.")],
    file: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="Tickets, a JSON object a line; - is stdin.")
    ] = Path("-"),
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Print one line of JSON for each ticket, in order: id, labels, scores."""
    from cli.training.predicting import load_model, predictions
    from cli.training.unsigned import note_unsigned
    from core.errors import Invalid
    from core.settings import load_settings

    bad: list[int] = []

    def report(number: int, error: Invalid) -> None:
        bad.append(number)
        complain(f"{file}:{number}: {error}")

    settings = load_settings(device=device)
    network = load_model(model, settings)
    note_unsigned([model], settings)
    found = predictions(network, file, report=report)
    for prediction in found:
        print(json.dumps(prediction, ensure_ascii=False), flush=True)
    raise typer.Exit(1 if bad else 0)
