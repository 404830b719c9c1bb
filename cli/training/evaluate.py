"""`pointsman evaluate`: what an artifact is worth on a labelled file."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, Device, one_device
from cli.output import Output

EXAMPLE = "Example: pointsman evaluate --model model --data test.jsonl.gz --json"


def command(
    model: Annotated[Path, typer.Option(help="Artifact folder, as `train` made it.")],
    data: Annotated[Path, typer.Option(help="Labelled tickets (.jsonl or .jsonl.gz).")],
    rules: Annotated[
        Path | None, typer.Option(help="Rules as YAML: how often the department is right.")
    ] = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model, with its linear model beside it."""
    from cli.models.figures import figure_lines, label_lines
    from cli.rules.stored import read_rules
    from cli.training.unsigned import note_unsigned
    from core.settings import load_settings
    from trainer.measure.evaluate import evaluate

    settings, output = load_settings(device=device), Output(as_json=as_json)
    figures = evaluate(
        model,
        data,
        rules=read_rules(rules) if rules else None,
        device=one_device(settings.device),
        threads=settings.device_threads,
    )
    note_unsigned([model], settings)
    for line in [*label_lines(figures), *figure_lines(figures)]:
        output.say(line)
    output.say(f"{figures['n']} tickets, {figures['tickets_per_s']} a second")
    output.result(figures)
