"""`pointsman up`: every process in one terminal, against the configured or embedded services."""

from typing import Annotated

import typer

from cli.options import AsJson, Device
from cli.output import Output
from core.errors import Invalid

EXAMPLE = "Example: pointsman up --only web,worker --device cpu --workers 2"
PARTS = ("web", "worker", "trainer", "deliver", "beat")


def command(
    only: Annotated[
        str, typer.Option(help="Which processes, with commas between them.")
    ] = ",".join(PARTS),
    device: Device = None,
    workers: Annotated[int, typer.Option(min=1, help="Workers on each device.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Run web, workers, trainer, deliveries and beat until Ctrl-C."""
    from cli.running.instance import run_until_stopped
    from core.settings import load_settings

    parts, output = parse_parts(only), Output(as_json=as_json)
    settings = load_settings(device=device)
    try:
        run_until_stopped(settings, parts, workers=workers, output=output)
    except KeyboardInterrupt:
        output.say("Stopped.")


def parse_parts(only: str) -> frozenset[str]:
    """The processes named in `--only`.

    Raises:
        Invalid: one is unknown, or none is named.
    """
    parts = frozenset(part.strip() for part in only.split(",") if part.strip())
    if not parts or parts - set(PARTS):
        raise Invalid("--only", "names no process that `up` has", f"use any of {','.join(PARTS)}")
    return parts
