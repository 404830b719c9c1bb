"""Labels edited and moved: in the transaction at hand where that is all, else by a trainer."""

import json
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from classifier.content_id import object_id
from core.errors import Invalid
from core.ticket_json import loads, parse_ticket
from core.types import ControlledArea, Ticket
from router.changes import compare
from router.label_changes import EXAMPLES, commit
from router.label_listing import ListedLabel, listed
from router.label_outlook import Further, Outlook, Wanted, check, further, look
from router.label_wishes import wanted_object
from router.lint import finding_object
from store.engine import one_moment
from store.labels import label_requests
from store.queue.tickets import import_labelled
from store.rules import taxonomy
from store.rules.taxonomy import Label
from web.api.control.gate import Change
from web.api.labels.schemas import LabelChange, LabelChanged, LabelOut, Touched
from web.api.thresholds.schemas import Level
from web.etags import must_match
from web.problems import Problem


def label_out(found: ListedLabel) -> LabelOut:
    """A label as it is told."""
    return LabelOut(
        label=found.label.name,
        description=found.label.description,
        guidelines=found.label.guidelines,
        level=Level.model_validate(found.label.level),
        threshold=found.threshold,
        tickets=found.tickets,
        needs=found.needs,
    )


def one_label(connection: Connection, name: str) -> tuple[LabelOut, str]:
    """A label, and the version of what people edit of it.

    Raises:
        Problem: it is not in use.
    """
    label = _standing(connection, name)
    found = next(each for each in listed(connection).labels if each.label.name == name)
    return label_out(found), _version(label)


def edit_label(connection: Connection, change: LabelChange, by: str) -> tuple[LabelOut, str]:
    """Saves what is different of a label; workers follow within seconds.

    Raises:
        Problem: it is not in use, or something else stands than what the change was made on.
        Invalid: its scores are out of order, or an example cannot be read.
    """
    taxonomy.hold_still(connection)
    label = _standing(connection, change.label)
    must_match(
        change.made_on,
        _version(label),
        current=_edited(label),
        yours=change.model_dump(mode="json", include={"description", "guidelines", "level"}),
    )
    taxonomy.describe(
        connection,
        change.label,
        description=label.description if change.description is None else change.description,
        guidelines=label.guidelines if change.guidelines is None else change.guidelines,
        actor=by,
    )
    if change.level is not None:
        taxonomy.set_level(connection, change.label, change.level.as_level, actor=by)
    import_labelled(connection, examples_of(change, [change.label]), source=EXAMPLES)
    return one_label(connection, change.label)


EDIT = Change(name="label.edit", area=ControlledArea.THRESHOLDS, body=LabelChange, make=edit_label)
"""Under control where it changes the level."""


def shown(connection: Connection, wanted: Wanted) -> tuple[Outlook, Touched]:
    """What a change would touch; nothing is changed.

    Raises:
        Problem: a label that takes part is not in use.
        Invalid: names what is wrong with it.
    """
    check(wanted)
    one_moment(connection)
    for name in wanted.before:
        _standing(connection, name)
    outlook = look(connection, wanted)
    return outlook, _touched(outlook, further(connection, wanted, outlook))


def made(
    connection: Connection, wanted: Wanted, outlook: Outlook, touched: Touched
) -> LabelChanged:
    """Changes labels, or asks a trainer to where the model that serves must change with them.

    Raises:
        Problem: another change is under way.
        Invalid: rules or model changed since it was shown.
    """
    if outlook.serving is None or not outlook.needs_model:
        commit(connection, wanted, outlook.change)
        return LabelChanged(state="done", request=None, touched=touched)
    asked = label_requests.ask(
        connection,
        wanted_object(wanted),
        ruleset=outlook.change.ruleset,
        serving=outlook.serving.version,
        by=wanted.actor,
    )
    if asked is None:
        raise Problem("conflict", "Another change of labels is under way.")
    return LabelChanged(state="queued", request=asked.id, touched=touched)


def examples_of(body: Any, labels: list[str]) -> tuple[Ticket, ...]:
    """The examples of a body; one that names none of its labels carries the only one.

    Raises:
        Invalid: one cannot be read, or does not say which of several labels it carries.
    """
    return tuple(_example(n, shape, labels) for n, shape in enumerate(body.examples))


def _example(place: int, shape: Any, labels: list[str]) -> Ticket:
    try:
        # As bytes off the wire, so that what JSON of ours refuses is refused here too.
        raw = json.dumps(shape.model_dump(exclude_none=True), default=str)
        ticket = parse_ticket(loads(raw))
    except Invalid as error:
        raise Invalid(f"examples.{place}.{error.field}", error.problem, error.fix) from error
    named = ticket.labels or ()
    if {*named} & {*labels}:
        return ticket
    if len(labels) > 1:
        field = f"examples.{place}.labels"
        raise Invalid(field, "hold none of the new labels", "give one of them")
    return replace(ticket, labels=(*named, *labels))


def _standing(connection: Connection, name: str) -> Label:
    found = {label.name: label for label in taxonomy.labels(connection)}.get(name)
    if found is None:
        raise Problem("not-found", "There is no such label in use.")
    return found


def _edited(label: Label) -> dict[str, Any]:
    return {
        "description": label.description,
        "guidelines": label.guidelines,
        "level": Level.model_validate(label.level).model_dump(mode="json"),
    }


def _version(label: Label) -> str:
    return object_id(_edited(label))


def _touched(outlook: Outlook, more: Further) -> Touched:
    return Touched(
        kind=outlook.change.kind,
        before=list(outlook.change.before),
        after=list(outlook.change.after),
        tickets=outlook.tickets,
        corrections=outlook.corrections,
        rules=list(outlook.rules),
        rules_diff=list(compare(*outlook.ruleset).diff),
        findings=[finding_object(finding) for finding in more.findings],
        to_relabel=[ticket.external_id for ticket in more.to_relabel],
        serving=outlook.change.serving,
    )
