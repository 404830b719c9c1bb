"""`pointsman doctor`: is everything here that is needed, and if not, what to do."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.options import AsJson
from cli.output import Output

if TYPE_CHECKING:
    from cli.doctor.planning import Asked

EXAMPLE = "Example: pointsman doctor --json; pointsman doctor --plan 500 --tokens 90"


def command(
    *,
    plan: Annotated[
        float | None,
        typer.Option(
            metavar="RATE", min=0.001, help="Say instead what so many tickets a second need."
        ),
    ] = None,
    tokens: Annotated[
        float | None,
        typer.Option(min=1, help="Plan: tokens of a ticket; else what workers counted."),
    ] = None,
    device_tokens: Annotated[
        float | None,
        typer.Option(min=1, help="Plan: tokens/s of a device; else what was measured here."),
    ] = None,
    cores: Annotated[
        int | None,
        typer.Option(min=1, help="Plan: cores of PostgreSQL's machine; else of this one."),
    ] = None,
    busy: Annotated[
        float, typer.Option(min=0.05, max=1.0, help="Plan: share of its time a part may work.")
    ] = 0.7,
    as_json: AsJson = False,
) -> None:
    """Check settings, services, schema, model, device, disk and clocks; each with the fix.

    With --plan RATE: how many devices, workers, PostgreSQL and Redis a load needs.
    """
    output = Output(as_json=as_json)
    if plan is None:
        return _examine(output)
    from cli.doctor.planning import Asked

    asked = Asked(
        tickets_per_s=plan,
        tokens=tokens,
        device_tokens_per_s=device_tokens,
        cores=cores,
        busy=busy,
    )
    return _plan(output, asked)


def _examine(output: Output) -> None:
    from dataclasses import asdict

    from cli.doctor.checkup import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        mark, style = ("✓", "green") if finding.ok else ("✗", "red")
        fix = f"\n  {'':<9} {finding.fix}" if finding.fix else ""
        output.say(Text.assemble((mark, style), f" {finding.name:<9} {finding.detail}{fix}"))
    well = all(finding.ok for finding in findings)
    output.result({"ok": well, "findings": [asdict(finding) for finding in findings]})
    raise typer.Exit(0 if well else 1)


def _plan(output: Output, asked: "Asked") -> None:
    from dataclasses import asdict

    from cli.doctor.capacity import load_costs, plan
    from cli.doctor.planning import counted_lately, lines, load_of, measured_here
    from cli.running.services import connected
    from store.engine import transaction

    counted: dict[str, float] = {}
    measured = None
    if asked.needs_system:
        with connected() as there:
            counted = transaction(there.engine, counted_lately)
            measured = measured_here(there.engine, there.settings)
    load, costs = load_of(asked, counted, measured), load_costs()
    found = plan(load, costs)
    for line in lines(load, found, costs):
        output.say(line)
    output.result({"load": asdict(load), "plan": asdict(found), "costs": asdict(costs)})
