"""What people make of a look at the labels; the API and the console do the same."""

from sqlalchemy import Connection, Engine

from core.types import Automation, LabelMove
from router.label_outlook import Wanted
from store.engine import transaction
from store.labels import label_reports
from store.labels.label_reports import LabelReport
from web.api.label_reports.schemas import GapAccepted, LabelGap
from web.api.labels.changes import made, shown
from web.api.labels.schemas import LabelChanged
from web.problems import Problem


def must_stand(connection: Connection) -> LabelReport:
    """The newest look.

    Raises:
        Problem: there is none.
    """
    found = label_reports.newest(connection)
    if found is None:
        raise Problem("not-found", "Nobody has looked at the labels yet.", fix="ask for a look")
    return found


def accept(engine: Engine, key: str, body: GapAccepted, *, by: str) -> LabelChanged:
    """Makes a label of a gap, with its examples, and remembers it.

    Raises:
        Problem: there is no such gap, or another change of labels is under way.
        Invalid: the name cannot be a label.
    """
    gap = transaction(engine, lambda c: _gap(c, key))
    wanted = Wanted(
        kind=LabelMove.ADD,
        after=(body.label,),
        descriptions={body.label: body.description or " ".join(gap.terms)},
        tickets={body.label: gap.examples},
        automation=Automation.SUGGEST,
        actor=by,
        note=f"from a look at the labels: {gap.tickets} tickets",
    )
    outlook, touched = transaction(engine, lambda c: shown(c, wanted))

    def make(connection: Connection) -> LabelChanged:
        done = made(connection, wanted, outlook, touched)
        label_reports.give_verdict(connection, key, terms=gap.terms, label=body.label, actor=by)
        return done

    return transaction(engine, make)


def dismiss(connection: Connection, key: str, *, by: str) -> None:
    """Remembers that a gap or an overlap is no finding.

    Raises:
        Problem: the newest look has no such finding.
    """
    report = must_stand(connection)
    found = [each for each in (*report.gaps, *report.overlaps) if each["key"] == key]
    if not found:
        raise Problem("not-found", "The newest look has no such finding.")
    terms = found[0].get("terms", ())
    label_reports.give_verdict(connection, key, terms=terms, label=None, actor=by)


def _gap(connection: Connection, key: str) -> LabelGap:
    gaps = (gap for gap in must_stand(connection).gaps if gap["key"] == key)
    found = next(gaps, None)
    if found is None:
        raise Problem("not-found", "The newest look has no such gap.")
    return LabelGap.model_validate(found)
