"""`pointsman labels`: what a ticket can be about, and how that changes while the system runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.labels import levels
from cli.options import AsJson
from cli.output import Output
from core.types import Automation, LabelMove

if TYPE_CHECKING:
    from cli.labels.changes import Asked

app = typer.Typer(no_args_is_help=True, help="What a ticket can be about.")

Name = Annotated[str, typer.Argument(metavar="LABEL", help="A label in use.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what it would touch, and stop.")]
Why = Annotated[str, typer.Option("--note", help="Why, for the history.")]
Examples = Annotated[
    Path | None,
    typer.Option(help="Tickets that carry it, a JSON object a line; they are kept to learn from."),
]


@app.command("list", epilog="Example: pointsman labels list")
def list_(as_json: AsJson = False) -> None:
    """List labels with what they may do, how many tickets name them and what they still need."""
    from cli.labels.listing import label_lines, listing_object
    from cli.running.services import connected
    from router.label_listing import listed
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, listed)
    for line in label_lines(found):
        output.say(line)
    output.result(listing_object(found))


@app.command(
    "add",
    epilog='Example: pointsman labels add outage --description "Nothing works for anybody" '
    "--examples outages.jsonl",
)
def add(  # noqa: PLR0913  (an option each)
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the label is called.")],
    *,
    description: Annotated[
        str, typer.Option(help="What it is about, in the words of a ticket; it teaches the label.")
    ] = "",
    examples: Examples = None,
    tickets: Annotated[
        list[str] | None,
        typer.Option("--tickets", metavar="ID", help="A ticket here that carries it; repeatable."),
    ] = None,
    level: Annotated[
        Automation | None,
        typer.Option(help="What it may do; without tickets it is only suggested at first."),
    ] = None,
    note: Why = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add a label. Workers serve it within seconds, from its description and some 8 examples.

    The next training learns it for good.
    """
    from cli.labels.changes import Asked

    asked = Asked(
        kind=LabelMove.ADD,
        after=(name,),
        descriptions={name: description} if description else {},
        examples=examples,
        tickets=tuple(tickets or ()),
        level=level,
        note=note,
    )
    _change(asked, dry_run=dry_run, as_json=as_json)


@app.command("rename", epilog="Example: pointsman labels rename refund money-back")
def rename(
    old: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    note: Why = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Call a label something else: in rules, in the model, and wherever older tickets name it."""
    from cli.labels.changes import Asked

    asked = Asked(kind=LabelMove.RENAME, before=(old,), after=(new,), note=note)
    _change(asked, dry_run=dry_run, as_json=as_json)


@app.command("merge", epilog="Example: pointsman labels merge refund chargeback --into money-back")
def merge(
    labels: Annotated[list[str], typer.Argument(metavar="LABEL...", help="Labels in use.")],
    into: Annotated[str, typer.Option(help="One of them, another label in use, or a new name.")],
    description: Annotated[str, typer.Option(help="Of a new name.")] = "",
    note: Why = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make labels one. It is predicted wherever one of them was."""
    from cli.labels.changes import Asked

    asked = Asked(
        kind=LabelMove.MERGE,
        before=tuple(dict.fromkeys(labels)),
        after=(into,),
        descriptions={into: description} if description else {},
        note=note,
    )
    _change(asked, dry_run=dry_run, as_json=as_json)


@app.command(
    "split",
    epilog='Example: pointsman labels split billing --into "invoice,refund" '
    '--description "refund=I want my money back" --examples sorted.jsonl',
)
def split(  # noqa: PLR0913  (an option each)
    label: Name,
    *,
    into: Annotated[str, typer.Option(help="The names of the new labels, with commas.")],
    description: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="What one of them is about; repeatable."),
    ] = None,
    examples: Annotated[
        Path | None, typer.Option(help="Tickets with the new labels, a JSON object a line.")
    ] = None,
    note: Why = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Divide a label. Rules that asked for it ask for any of the new ones.

    Its tickets teach none of them until somebody says which one is meant; they are listed.
    """
    from cli.labels.changes import Asked, described, names_in

    asked = Asked(
        kind=LabelMove.SPLIT,
        before=(label,),
        after=names_in(into),
        descriptions=described(description or ()),
        examples=examples,
        note=note,
    )
    _change(asked, dry_run=dry_run, as_json=as_json)


@app.command("retire", epilog="Example: pointsman labels retire fax --to other")
def retire(
    label: Name,
    to: Annotated[str | None, typer.Option(help="The label that takes its place.")] = None,
    note: Why = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Stop using a label. Refused while rules name it, unless another takes its place."""
    from cli.labels.changes import Asked

    after = () if to is None else (to,)
    asked = Asked(kind=LabelMove.RETIRE, before=(label,), after=after, note=note)
    _change(asked, dry_run=dry_run, as_json=as_json)


def _change(asked: "Asked", *, dry_run: bool, as_json: bool) -> None:
    """Says what a change touches, and makes it."""
    from cli.labels.changes import change, outlook, wanted
    from cli.labels.words import done_line, outlook_lines, outlook_object
    from cli.running.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        what = wanted(here.engine, asked)
        found = outlook(here.engine, what)
        for line in outlook_lines(found):
            output.say(line)
        made = None if dry_run else change(here, what, found)
    output.say(done_line(what, made))
    output.result(outlook_object(found, made))


app.command("level", epilog=levels.LEVEL_EXAMPLE)(levels.level)
app.command("threshold", epilog=levels.THRESHOLD_EXAMPLE)(levels.threshold)
