"""`pointsman rules`: dry-run, backtest, history, restore."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from core.errors import Invalid


def dry_run(
    ticket: Annotated[
        str | None, typer.Option(help="A decided ticket: its UUID, or its sender's id.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Or any text.")] = None,
    labels: Annotated[str, typer.Option(help="Its scores: a=0.9,b=0.2; a label alone has 1.")] = "",
    draft: Annotated[
        Path | None, typer.Option(help="Rules as YAML; the active ones if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what rules make of one ticket: every condition, its value, and whether it held."""
    from cli.rules.stored import read_rules
    from cli.rules.trying import dry_run_of, read_scores
    from cli.running.services import connected
    from cli.tickets.card import routing_card
    from router.editing import active_rules
    from router.trying import routing_object
    from store.engine import transaction

    if (ticket is None) == (text is None):
        raise Invalid("--ticket", "or --text: exactly one is wanted", "give one of the two")
    if ticket is not None and labels:
        raise Invalid("--labels", "go with --text", "a ticket has its stored scores")
    output, scores = Output(as_json=as_json), read_scores(labels)
    given = None if draft is None else read_rules(draft)

    with connected() as here:
        routing = transaction(
            here.engine,
            lambda c: dry_run_of(c, given or active_rules(c), ticket, text or "", scores),
        )
    if not as_json:
        output.say(routing_card(routing_object(routing)))
    output.result(routing_object(routing))


def backtest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rules as YAML.")],
    days: Annotated[int, typer.Option(min=1, help="Tickets of so many last days.")] = 30,
    since: Annotated[str | None, typer.Option(help="Or from this day or moment on.")] = None,
    until: Annotated[str | None, typer.Option(help="Until before this one.")] = None,
    level: Annotated[
        list[str] | None,
        typer.Option(help="Try a level too: LABEL=LEVEL or LABEL=LEVEL:SCORE; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which tickets rules would have sent elsewhere, before they are saved."""
    from cli.rules.backtest_view import backtest_lines, backtest_object, backtest_tables
    from cli.rules.stored import read_rules
    from cli.rules.trying import read_levels, read_moment
    from cli.running.services import connected
    from router.backtest import Proposal
    from router.trying import Period, try_on_history
    from store.engine import transaction

    output, wanted, levels = Output(as_json=as_json), read_rules(file), read_levels(level or ())
    end = datetime.now(UTC) if until is None else read_moment("--until", until)
    start = end - timedelta(days=days) if since is None else read_moment("--since", since)
    if start >= end:
        raise Invalid("--since", "is not before the end", "give an earlier moment")
    with connected() as here:
        period = Period(since=start, until=end, most=here.settings.backtest_tickets)
        proposal = Proposal(ruleset=wanted, levels=levels)
        found = transaction(here.engine, lambda c: try_on_history(c, proposal, period))
    for line in backtest_lines(found):
        output.say(line)
    for table in backtest_tables(found):
        output.say(table)
    output.result(backtest_object(found))


def history(
    most: Annotated[int, typer.Option(min=1, help="Revisions shown.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the revisions of the rules, newest first: who saved them, when, and why."""
    from dataclasses import asdict

    from cli.running.services import connected
    from store.engine import transaction
    from store.rules import rulesets

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, lambda c: rulesets.history(c, most=most))
    for each in found:
        mark = "active" if each.active else ""
        moment = f"{each.created_at:%Y-%m-%d %H:%M}"
        output.say(
            f"{each.version:>5} {mark:<6} {moment}  {each.author}  {each.rules} rules  {each.note}"
        )
    rows = [{**asdict(each), "created_at": each.created_at.isoformat()} for each in found]
    output.result({"revisions": rows})


def restore(
    version: Annotated[int, typer.Argument(metavar="VERSION", help="From `rules history`.")],
    note: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let the rules of an older revision decide again, as a new revision."""
    from cli.rules.changes import import_lines
    from cli.rules.stored import edit_object, import_rules
    from cli.running.services import connected
    from router.editing import revision_rules
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        wanted = transaction(here.engine, lambda c: revision_rules(c, version))
        told = note or f"as in revision {version}"
        done = import_rules(here.engine, wanted, save=True, note=told)
    for line in import_lines(done.change, done.findings, done.version):
        output.say(line)
    output.result(edit_object(done))
    raise typer.Exit(1 if done.refused else 0)
