"""`pointsman tickets`: send, show, why, verify, replay, import."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, DataFile
from cli.output import Output, complain, printable
from core.errors import Invalid
from core.types import HistoryFormat

if TYPE_CHECKING:
    from cli.tickets.sending import Tally

app = typer.Typer(no_args_is_help=True, help="Send tickets and see what became of them.")

Source = Annotated[
    str, typer.Option(help="Who sends them; with the ticket's id it is the natural key.")
]


@app.command("send", epilog="Example: pointsman tickets send samples/tickets.jsonl --wait")
def send(
    file: DataFile,
    source: Source = "cli",
    wait: Annotated[bool, typer.Option("--wait", help="Print the decisions as they come.")] = False,
    as_json: AsJson = False,
) -> None:
    """Store tickets to be routed. The same ticket twice is one ticket."""
    from cli.running.services import connected
    from cli.tickets.decision_lines import decision_line
    from cli.tickets.sending import send_file, wait_for_decisions

    output = Output(as_json=as_json)
    with connected() as here:
        tally = send_file(here, file, source=source, report=_reporter(file))
        for decided in wait_for_decisions(here.engine, tally.ids) if wait else ():
            output.say(decision_line(decided))
    _finish(tally, output)


@app.command(
    "import", epilog="Example: pointsman tickets import history.csv --map labels=Tags --source crm"
)
def import_(  # noqa: PLR0913, PLR0917  (an option each)
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSON lines, a JSON array or a table (.csv), plain or gzipped; - is stdin.",
        ),
    ],
    source: Source = "import",
    format_: Annotated[
        HistoryFormat | None, typer.Option("--format", help="What wrote it; found out if absent.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Where a field is; repeat for more."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="A mapping of fields and labels, in YAML or JSON.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the import; the file's name.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Where refused rows go; beside the file if absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Store tickets that people labelled, to learn from. Nothing is decided or sent.

    The same file again goes on where it was interrupted and doubles nothing.
    """
    from cli.running.services import connected
    from cli.tickets.importing import Wish, import_file, read_mapping
    from cli.tickets.importing_view import shown_import
    from core.redaction import redactor

    output, wanted = Output(as_json=as_json), read_mapping(mapping, columns or [])
    with connected() as here, shown_import(file) as shown:
        wish = Wish(
            path=file,
            name=name,
            source=source,
            format=format_,
            mapping=wanted,
            refusals=report or _beside(file),
            redact=redactor(here.settings),
            by=getpass.getuser(),
        )
        tally = import_file(here.engine, wish, report=shown.refused, advance=shown.advance)
    output.say(", ".join(f"{tally.outcomes[each]} {each}" for each in tally.outcomes))
    if tally.refused:
        output.say(f"{tally.refused} refused; see {tally.report or 'above'}")
    if tally.labels:
        names = printable(", ".join(sorted(tally.labels)), 300)
        output.say(f"Not in use yet: {names}. Rules can name a label after `pointsman labels add`.")
    output.result(tally.as_object())
    raise typer.Exit(1 if tally.refused else 0)


@app.command("show", epilog="Example: pointsman tickets show sample-0001")
def show(
    ticket: Annotated[str, typer.Argument(metavar="ID", help="Its UUID, or its sender's id.")],
    as_json: AsJson = False,
) -> None:
    """Show everything known about a ticket, above all why it went where it went."""
    from cli.running.services import connected
    from cli.tickets.card import ticket_card
    from store.decided.records import ticket_record
    from store.engine import transaction
    from store.queue.tickets import find

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, lambda c: find(c, ticket))
        record = found and transaction(here.engine, lambda c: ticket_record(c, found))
    if not record:
        raise Invalid("ID", "is that of no ticket", "give its UUID or its sender's id")
    if not as_json:
        output.say(ticket_card(record))
    output.result(record)


@app.command("why", epilog="Example: pointsman tickets why sample-0001")
def why(
    ticket: Annotated[str, typer.Argument(metavar="ID", help="Its UUID, or its sender's id.")],
    as_json: AsJson = False,
) -> None:
    """Show what carried a decision: phrases, rules, near misses, tickets like it."""
    from cli.running.services import connected
    from cli.tickets.explaining import explain
    from cli.tickets.why_card import why_card

    output = Output(as_json=as_json)
    with connected() as here:
        found = explain(here, ticket)
    if not as_json:
        output.say(why_card(found))
    output.result(found)


@app.command("replay", epilog="Example: pointsman tickets replay --dead")
def replay(
    tickets: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Quarantined tickets.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Every quarantined ticket.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let quarantined tickets be decided again."""
    from cli.running.services import connected
    from cli.tickets.replaying import replay as replay_tickets

    if bool(tickets) == dead:
        raise Invalid("--dead", "and IDs: exactly one is wanted", "name tickets, or give --dead")
    output = Output(as_json=as_json)
    with connected() as here:
        replayed = replay_tickets(here, tickets)
    output.say(f"{len(replayed)} tickets wait again.")
    output.result({"replayed": [str(id_) for id_ in replayed]})


@app.command("verify", epilog="Example: pointsman tickets verify sample-0001")
def verify(
    tickets: Annotated[list[str], typer.Argument(metavar="ID...", help="UUIDs, or senders' ids.")],
    as_json: AsJson = False,
) -> None:
    """Make decisions again from their records, and tell whether they come out the same."""
    from cli.running.services import connected
    from cli.tickets.verifying import verify as verify_tickets

    output = Output(as_json=as_json)
    with connected() as here:
        found = verify_tickets(here.engine, tickets)
    for each in found:
        output.say(f"{each.reference}: {each.words}")
    output.result({"tickets": [each.as_object() for each in found]})
    raise typer.Exit(0 if all(each.replay.is_same for each in found) else 1)


def _finish(tally: "Tally", output: Output) -> None:
    summary = tally.as_object()
    names = ("created", "revised", "duplicate", "erased", "refused")
    output.say(", ".join(f"{summary[name]} {name}" for name in names))
    output.result(summary)
    raise typer.Exit(1 if tally.refused else 0)


def _beside(file: Path) -> Path | None:
    """Where the report of an import goes: beside its file; nowhere for standard input."""
    return None if str(file) == "-" else file.with_name(f"{file.name}.refused.jsonl")


def _reporter(file: Path) -> Callable[[int, Invalid], None]:
    return lambda number, error: complain(f"{file}:{number}: {error}")
