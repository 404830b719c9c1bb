"""`pointsman review`: next, list, accept, replace, skip, release."""

import getpass
from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from core.types import ReviewOrder, ReviewOutcome

app = typer.Typer(no_args_is_help=True, help="Decisions and corrections that wait for a person.")

Item = Annotated[int, typer.Argument(metavar="ITEM", help="Its number, as listed.")]
Order = Annotated[ReviewOrder, typer.Option(help="Which comes first.")]
Note = Annotated[str, typer.Option(help="For the trainer and for colleagues.")]


@app.command("next", epilog="Example: pointsman review next --order uncertainty")
def next_item(
    item: Annotated[
        int | None, typer.Argument(metavar="[ITEM]", help="This one; else what comes first.")
    ] = None,
    order: Order = ReviewOrder.DEADLINE,
    as_json: AsJson = False,
) -> None:
    """Take what comes next; nobody else gets it until it is resolved, released or left too long."""
    from cli.review.lines import item_object
    from cli.review.reviewing import take
    from cli.running.services import connected
    from cli.tickets.card import ticket_card

    output = Output(as_json=as_json)
    with connected() as here:
        lease_s = here.settings.review_lease_s
        taken = take(here.engine, agent=getpass.getuser(), lease_s=lease_s, order=order, item=item)
    if taken is None:
        output.say("Nothing waits that is free." if item is None else f"{item} is not free.")
        output.result({"item": None})
        return
    output.say(taken.line)
    output.say()
    output.say(ticket_card(taken.record))
    output.say(f"Yours for {lease_s:g} s: pointsman review accept|replace|skip {taken.item.id}")
    output.result({"item": item_object(taken.item), "record": taken.record})


@app.command("list", epilog="Example: pointsman review list --order audit --most 20")
def list_items(
    order: Order = ReviewOrder.DEADLINE,
    most: Annotated[int, typer.Option(min=1, help="No more than so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what waits, in order, without taking it."""
    from cli.review.lines import item_line, item_object
    from cli.running.services import connected
    from store.engine import transaction
    from store.feedback.review import open_items, waiting_by_reason

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, lambda c: open_items(c, order=order, most=most))
        waiting = transaction(here.engine, waiting_by_reason)
    for each in found:
        output.say(item_line(each))
    output.say(f"{waiting.items} wait, the longest for {waiting.oldest_s / 3600:.1f} hours.")
    output.result(
        {
            "items": [item_object(each) for each in found],
            "waiting": waiting.items,
            "by_reason": dict(waiting.by_reason),
            "oldest_s": waiting.oldest_s,
        }
    )


@app.command("accept", epilog="Example: pointsman review accept 12")
def accept(item: Item, note: Note = "", as_json: AsJson = False) -> None:
    """Say that the decision was right, or let the held correction train."""
    _resolve(item, ReviewOutcome.ACCEPTED, note=note, as_json=as_json)


@app.command("replace", epilog="Example: pointsman review replace 12 --labels refund,billing")
def replace(
    item: Item,
    labels: Annotated[
        str | None, typer.Option(help="Every right label, with commas; empty for none.")
    ] = None,
    department: Annotated[
        str | None, typer.Option(help="Where it belongs, if its labels are right.")
    ] = None,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Say what would have been right."""
    _resolve(
        item,
        ReviewOutcome.REPLACED,
        labels=labels,
        department=department,
        note=note,
        as_json=as_json,
    )


@app.command("skip", epilog="Example: pointsman review skip 12")
def skip(item: Item, note: Note = "", as_json: AsJson = False) -> None:
    """Pass it over for good, with nothing said about labels."""
    _resolve(item, ReviewOutcome.SKIPPED, note=note, as_json=as_json)


@app.command("release", epilog="Example: pointsman review release 12")
def release(item: Item, as_json: AsJson = False) -> None:
    """Give it back, so that others can take it."""
    from cli.running.services import connected
    from store.engine import transaction
    from store.feedback import review

    output = Output(as_json=as_json)
    with connected() as here:
        transaction(here.engine, lambda c: review.release(c, item, agent=getpass.getuser()))
    output.say(f"{item} is free again.")
    output.result({"released": item})


def _resolve(
    item: int,
    outcome: ReviewOutcome,
    *,
    labels: str | None = None,
    department: str | None = None,
    note: str,
    as_json: bool,
) -> None:
    from cli.running.services import connected
    from store.engine import transaction
    from store.feedback import review

    output = Output(as_json=as_json)
    named = None if labels is None else [name.strip() for name in labels.split(",") if name.strip()]
    made = review.Resolution(outcome=outcome, labels=named, department=department, note=note)
    with connected() as here:
        given = transaction(
            here.engine, lambda c: review.resolve(c, item, made, agent=getpass.getuser())
        )
    output.say(f"{item} is {outcome}.")
    output.result(
        {"item": item, "outcome": outcome, "correction": None if given is None else str(given)}
    )
