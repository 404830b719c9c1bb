"""`pointsman corrections`: add, undo, held, release, reject, audit."""

from typing import Annotated
from uuid import UUID

import typer

from cli.options import AsJson
from cli.output import Output
from core.types import FeedbackKind, Verdict

app = typer.Typer(no_args_is_help=True, help="What agents say about decisions.")

Ids = Annotated[list[UUID], typer.Argument(metavar="ID...", help="Corrections, as listed.")]


@app.command("add", epilog="Example: pointsman corrections add sample-0001 --labels refund,billing")
def add(
    ticket: Annotated[str, typer.Argument(metavar="TICKET", help="Its UUID or its sender's id.")],
    labels: Annotated[
        str | None, typer.Option(help="Every right label, with commas; empty for none.")
    ] = None,
    department: Annotated[str | None, typer.Option(help="Where it belongs.")] = None,
    kind: Annotated[
        FeedbackKind | None,
        typer.Option(help="What is meant; guessed if left out."),
    ] = None,
    note: Annotated[str, typer.Option(help="For the trainer and for colleagues.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say that a decision was right, or what would have been."""
    from cli.corrections.correcting import correct
    from cli.running.services import connected

    output = Output(as_json=as_json)
    named = None if labels is None else [name.strip() for name in labels.split(",") if name.strip()]
    with connected() as here:
        made = correct(
            here.engine, ticket, kind=kind, labels=named, department=department, note=note
        )
    for name, now in made.older.items():
        output.say(f"{name} is called {', '.join(now)} now.")
    output.say(f"Noted as {made.id}.")
    output.result(
        {
            "correction": str(made.id),
            "renamed": {name: list(now) for name, now in made.older.items()},
        }
    )


@app.command("undo", epilog="Example: pointsman corrections undo 0198…")
def undo(
    correction: Annotated[UUID, typer.Argument(metavar="ID", help="As `add` gave it.")],
    as_json: AsJson = False,
) -> None:
    """Take a correction back; what it superseded stands again."""
    import getpass

    from cli.running.services import connected
    from store.engine import transaction
    from store.feedback.corrections import withdraw

    output = Output(as_json=as_json)
    with connected() as here:
        transaction(here.engine, lambda c: withdraw(c, correction, agent=getpass.getuser()))
    output.say("Taken back.")
    output.result({"withdrawn": str(correction)})


@app.command("held", epilog="Example: pointsman corrections held")
def held(as_json: AsJson = False) -> None:
    """List corrections that are kept from training until somebody looks, with why."""
    from cli.corrections.correcting import held_line, held_object
    from cli.running.services import connected
    from store.engine import transaction
    from store.feedback.corrections import held as held_corrections

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, held_corrections)
    for item in found:
        output.say(held_line(item))
    output.say(f"{len(found)} corrections wait.")
    output.result({"held": [held_object(item) for item in found]})


@app.command("release", epilog="Example: pointsman corrections release 0198…")
def release(ids: Ids, as_json: AsJson = False) -> None:
    """Let held corrections train."""
    _settle(ids, Verdict.RELEASED, as_json=as_json)


@app.command("reject", epilog="Example: pointsman corrections reject 0198…")
def reject(ids: Ids, as_json: AsJson = False) -> None:
    """Keep held corrections from training for good."""
    _settle(ids, Verdict.REJECTED, as_json=as_json)


@app.command("audit", epilog="Example: pointsman corrections audit --days 14")
def audit(
    days: Annotated[int, typer.Option(min=1, help="Of tickets that arrived within.")] = 7,
    most: Annotated[int, typer.Option(min=1, help="No more than so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List tickets that chance drew for the audit and nobody looked at yet.

    Look at each with `pointsman tickets show` and say with `corrections add` whether it was right:
    without labels or department that confirms it.
    """
    from datetime import UTC, datetime, timedelta

    from cli.corrections.correcting import audit_line, audit_object
    from cli.running.services import connected
    from store.engine import transaction
    from store.figures.audit_sample import audit_unseen

    output, since = Output(as_json=as_json), datetime.now(UTC) - timedelta(days=days)
    with connected() as here:
        share = here.settings.audit_share
        found = transaction(here.engine, lambda c: audit_unseen(c, since, share, most=most))
    for item in found:
        output.say(audit_line(item))
    output.say(f"{len(found)} tickets wait to be looked at.")
    output.result({"audit": [audit_object(item) for item in found]})


def _settle(ids: list[UUID], verdict: Verdict, *, as_json: bool) -> None:
    import getpass

    from cli.running.services import connected
    from store.engine import transaction
    from store.feedback.corrections import settle

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, lambda c: settle(c, ids, verdict, actor=getpass.getuser()))
    output.say(f"{len(found)} {verdict}, {len(ids) - len(found)} were not held.")
    output.result({verdict: [str(id_) for id_ in found]})
