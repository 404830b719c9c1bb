"""`pointsman doctor`: is everything here that is needed, and if not, what to do."""

import typer
from rich.text import Text

from cli.options import AsJson
from cli.output import Output

EXAMPLE = "Example: pointsman doctor --json"


def command(as_json: AsJson = False) -> None:
    """Check settings, services, schema, model, device, disk and clocks; each with the fix."""
    from dataclasses import asdict

    from cli.doctor.checkup import examine

    output, findings = Output(as_json=as_json), []
    for finding in examine():
        findings.append(finding)
        mark, style = ("✓", "green") if finding.ok else ("✗", "red")
        fix = f"\n  {'':<9} {finding.fix}" if finding.fix else ""
        output.say(Text.assemble((mark, style), f" {finding.name:<9} {finding.detail}{fix}"))
    well = all(finding.ok for finding in findings)
    output.result({"ok": well, "findings": [asdict(finding) for finding in findings]})
    raise typer.Exit(0 if well else 1)
