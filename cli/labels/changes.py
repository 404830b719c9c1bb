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
from core.types import Automation, LabelMove, Ticket
from router.label_outlook import Further, Outlook, Wanted, check, further, look
from store.engine import transaction
from store.labels.label_moves import LabelChange
from store.queue.tickets import find
from trainer.labels.relabelling import Workshop, carry_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody typed; `examples` is a ticket file, `tickets` are ids of any kind."""

    kind: LabelMove
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)
    examples: Path | None = None
    tickets: tuple[str, ...] = ()
    level: Automation | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a change would touch in the database, and what else follows from it."""

    outlook: Outlook
    further: Further


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
    examples = () if asked.examples is None else _examples(asked.examples, asked)
    tickets = transaction(engine, lambda c: [_ticket(c, id_) for id_ in asked.tickets])
    what = Wanted(
        kind=asked.kind,
        before=asked.before,
        after=asked.after,
        descriptions=asked.descriptions,
        examples=examples,
        tickets={asked.after[0]: tickets} if tickets else {},
        automation=asked.level,
        actor=getpass.getuser(),
        note=asked.note,
    )
    check(what)
    return what


def outlook(engine: Engine, what: Wanted) -> Found:
    """What it would touch.

    Raises:
        Invalid: the labels cannot be changed so.
    """

    def work(connection: Connection) -> Found:
        outlook = look(connection, what)
        return Found(outlook=outlook, further=further(connection, what, outlook))

    return transaction(engine, work)


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
