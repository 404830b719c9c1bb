"""Changes of labels as a command line asks for them, checked and carried out."""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Engine

from cli.running.services import Connected
from core.errors import Invalid
from core.ticket_files import Line, read_tickets
from core.types import LabelMove, Ticket
from router.lint import Finding, lint
from store import label_history, label_usage, taxonomy
from store.engine import transaction
from store.label_moves import LabelChange
from store.label_usage import NamedTicket
from store.tickets import find
from trainer.labels.label_outlook import Outlook, Wanted, look
from trainer.labels.relabelling import Workshop, carry_out

MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody typed; `examples` is a ticket file, `tickets` are ids of any kind."""

    kind: LabelMove
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)
    examples: Path | None = None
    tickets: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a change would touch.

    Attributes:
        outlook: in the database.
        findings: what the linter says of the rules afterwards and did not say before.
        to_relabel: tickets of a label that is to be split, newest first, at most 1,000.
    """

    outlook: Outlook
    findings: Sequence[Finding]
    to_relabel: Sequence[NamedTicket]


def names_in(listed: str) -> tuple[str, ...]:
    """Names with commas between them.

    Raises:
        Invalid: there are fewer than two.
    """
    names = tuple(dict.fromkeys(name.strip() for name in listed.split(",") if name.strip()))
    if len(names) < 2:
        raise Invalid("--into", "names fewer than two labels", "give two or more, with commas")
    return names


def described(given: Sequence[str]) -> dict[str, str]:
    """`NAME=TEXT` each.

    Raises:
        Invalid: one has no `=`.
    """
    pairs = [text.partition("=") for text in given]
    if not all(sign for _, sign, _ in pairs):
        raise Invalid(
            "--description", "is not NAME=TEXT", 'write --description "refund=Money back"'
        )
    return {name.strip(): text.strip() for name, _, text in pairs}


def wanted(engine: Engine, asked: Asked) -> Wanted:
    """The change that is asked for, with its tickets read.

    Raises:
        Invalid: names what is wrong with a name, a file or a ticket.
    """
    for name in asked.after:
        if not name.strip() or name != name.strip():
            raise Invalid("label", "is blank or begins or ends so", "give it a visible name")
    if stray := sorted({*asked.descriptions} - {*asked.after}):
        raise Invalid("--description", f"is of {stray[0]!r}", "describe one of the new labels")
    examples = () if asked.examples is None else _examples(asked.examples, asked)
    if asked.kind is LabelMove.ADD and not (examples or asked.tickets or asked.descriptions):
        raise Invalid("--description", "is missing", "describe the label, or give examples")
    tickets = transaction(engine, lambda c: [_ticket(c, id_) for id_ in asked.tickets])
    return Wanted(
        kind=asked.kind,
        before=asked.before,
        after=asked.after,
        descriptions=asked.descriptions,
        examples=examples,
        tickets={asked.after[0]: tickets} if tickets else {},
        actor=getpass.getuser(),
        note=asked.note,
    )


def outlook(engine: Engine, what: Wanted) -> Found:
    """What it would touch.

    Raises:
        Invalid: the labels cannot be changed so.
    """
    found = transaction(engine, lambda c: look(c, what))

    def more(connection: Connection) -> Found:
        names = [label.name for label in taxonomy.labels(connection)]
        departments = [department.name for department in taxonomy.departments(connection)]
        after = [*(name for name in names if name not in what.before), *what.after]
        old, new = (
            lint(rules, departments=departments, labels=labels)
            for rules, labels in zip(found.ruleset, (names, after), strict=True)
        )
        meaning = label_history.meaning(connection)
        asks = what.before if what.kind is LabelMove.SPLIT else ()
        written = [name for label in asks for name in meaning.names_of(label)]
        return Found(
            outlook=found,
            findings=[finding for finding in new if finding not in old],
            to_relabel=label_usage.tickets_naming(connection, written, most=MOST_LISTED),
        )

    return transaction(engine, more)


def change(here: Connected, what: Wanted, found: Found) -> LabelChange:
    """Makes it: labels, rules and model in one transaction.

    Raises:
        Invalid: as `trainer.labels.relabelling.carry_out`.
        ArtifactInvalid: the model that serves is damaged.
    """
    workshop = Workshop(
        models=here.settings.state_dir / "models",
        background=here.settings.label_background_tickets,
    )
    return carry_out(here.engine, what, found.outlook, workshop)


def _examples(file: Path, asked: Asked) -> tuple[Ticket, ...]:
    return tuple(_example(line, file, asked) for line in read_tickets(file, ignore_unknown=True))


def _example(line: Line, file: Path, asked: Asked) -> Ticket:
    """With a single new label, a ticket that names none of its own carries that one."""
    place = f"{file}:{line.number}"
    if line.ticket is None:
        problem = (
            "cannot be read" if line.error is None else f"{line.error.field}: {line.error.problem}"
        )
        fix = "mend the line" if line.error is None else line.error.fix
        raise Invalid(place, problem, fix)
    names = line.ticket.labels or ()
    if len(asked.after) == 1:
        return replace(line.ticket, labels=tuple(dict.fromkeys((*names, *asked.after))))
    if not {*names} & {*asked.after}:
        raise Invalid(place, "has none of the new labels", "give one of them in `labels`")
    return line.ticket


def _ticket(connection: Connection, reference: str) -> UUID:
    found = find(connection, reference)
    if found is None:
        raise Invalid("--tickets", f"{reference!r} is that of no ticket", "give an id as shown")
    return found
