"""`pointsman rules`: export, import, lint; the others are in `trial_commands`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from cli.rules import trial_commands

app = typer.Typer(no_args_is_help=True, help="The rules that say which department takes a ticket.")
app.command(
    "dry-run", epilog="Example: pointsman rules dry-run --ticket sample-0001 --draft rules.yaml"
)(trial_commands.dry_run)
app.command(
    "backtest", epilog="Example: pointsman rules backtest rules.yaml --days 30 --level refund=off"
)(trial_commands.backtest)
app.command("history", epilog="Example: pointsman rules history")(trial_commands.history)
app.command("restore", epilog='Example: pointsman rules restore 3 --note "as before Monday"')(
    trial_commands.restore
)


@app.command("export", epilog="Example: pointsman rules export rules.yaml")
def export(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where to write; stdout if left out or -."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the active rules as YAML, the same text for the same rules."""
    from cli.running.services import connected
    from router.editing import active_rules
    from router.rules_yaml import dump_rules
    from router.ruleset import ruleset_object
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        ruleset = transaction(here.engine, active_rules)
    if file is not None and str(file) != "-":
        file.write_text(dump_rules(ruleset), encoding="utf-8")
        output.say(f"{len(ruleset.rules)} rules written to {file}.")
    elif not as_json:
        typer.echo(dump_rules(ruleset), nl=False)
    output.result(ruleset_object(ruleset))


@app.command("import", epilog="Example: pointsman rules import rules.yaml --plan")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rules as YAML.")],
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would change and save nothing.")
    ] = False,
    note: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    as_json: AsJson = False,
) -> None:
    """Save rules from YAML and let them decide from now on. Rules with errors are refused.

    A plan tells what they would have changed in the decisions of the last 30 days, too.
    """
    from cli.rules.backtest_view import backtest_lines, backtest_object
    from cli.rules.changes import import_lines
    from cli.rules.stored import edit_object, import_rules, read_rules
    from cli.running.services import connected
    from router.backtest import Proposal
    from router.trying import last_days, try_on_history
    from store.engine import transaction

    output, wanted = Output(as_json=as_json), read_rules(file)
    with connected() as here:
        done = import_rules(here.engine, wanted, save=not plan, note=note or f"from {file.name}")
        period = last_days(30, most=here.settings.backtest_tickets)
        proposal = Proposal(ruleset=wanted)
        tried = (
            transaction(here.engine, lambda c: try_on_history(c, proposal, period))
            if plan
            else None
        )
    for line in import_lines(done.change, done.findings, done.version):
        output.say(line)
    for line in backtest_lines(tried) if tried and tried.of else ():
        output.say(line)
    output.result(edit_object(done) | ({"backtest": backtest_object(tried)} if tried else {}))
    raise typer.Exit(1 if done.refused else 0)


@app.command("lint", epilog="Example: pointsman rules lint rules.yaml")
def lint(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Rules as YAML; the active ones if left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find dangling names, rules that never apply, labels that nobody takes."""
    from cli.rules.changes import finding_line, findings_object
    from cli.rules.stored import read_rules
    from cli.running.services import connected
    from router.editing import active_rules, findings_of, has_errors
    from store.engine import transaction

    output = Output(as_json=as_json)
    given = None if file is None else read_rules(file)
    with connected() as here:
        findings = transaction(here.engine, lambda c: findings_of(c, given or active_rules(c)))
    for finding in findings:
        output.say(finding_line(finding))
    output.say(f"{len(findings)} findings.")
    output.result({"findings": findings_object(findings)})
    raise typer.Exit(1 if has_errors(findings) else 0)
