"""Rows of the bulk review page: many tickets at once, each with an outcome of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from core.errors import Invalid
from core.types import ReviewOrder
from store.feedback import corrections, review, review_batches
from store.feedback.review import ReviewFilter, ReviewItem
from store.rules import taxonomy
from web.api.feedback.schemas import Judged
from web.api.review import work
from web.api.review.schemas import OneResolution, RefusedItem
from web.console.review.case import Case, Option, case_of, changes
from web.console.review.desk import FIRST, Judgement, Undoable
from web.console.review.undo import judged_again
from web.console.words import N_
from web.problems import Problem

_MOST_TEXT = 4_000
_SUGGESTED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A ticket to judge; `key` is its item, or the ticket's own id where feedback was taken back.

    Attributes:
        is_cut: its text goes on where the page leaves off.
        was: the key of the row that it takes the place of.
    """

    key: str
    case: Case
    is_cut: bool
    was: str

    @property
    def options(self) -> list[Option]:
        """Labels found on it, and the likeliest others until there are six."""
        shown = enumerate(self.case.options)
        return [option for place, option in shown if option.ticked or place < _SUGGESTED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A row that is done."""

    key: str
    case: Case
    outcome: Judged
    given: Undoable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that stays as it was typed, and why; `who` has the item meanwhile."""

    key: str
    problem: str
    fix: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the form says of rows, by their keys."""

    labels: Mapping[str, list[str]]
    departments: Mapping[str, str]
    skipped: frozenset[str]


def taken(
    connection: Connection, agent: str, order: ReviewOrder, *, most: int, lease_s: float
) -> list[Row]:
    """What the agent holds already, due first, and what comes next in the order; `most` in all."""
    held = review.page(connection, ReviewFilter(held_by=agent), most=most)
    more = review.claim_several(
        connection, agent=agent, lease_s=lease_s, order=order, most=most - len(held)
    )
    return _rows(connection, [*held, *more])


def settled(
    connection: Connection, items: Sequence[int], said: Said, *, agent: str
) -> list[Settled | Refused]:
    """Resolves each item by itself: what is refused does not undo the others."""
    found = review.page(connection, ReviewFilter(ids=items), most=len(items))
    rows = {row.key: row for row in _rows(connection, found)}
    return [_settled(connection, str(item), rows, said, agent) for item in sorted({*items})]


def settled_again(
    connection: Connection,
    tickets: Sequence[UUID],
    said: Said,
    *,
    agent: str,
    service_users: frozenset[str],
) -> list[Settled | Refused]:
    """Judges tickets again whose feedback was taken back, each by itself."""
    rows = {row.key: row for row in _without_items(connection, {each: "" for each in tickets})}
    return [_again(connection, row, said, agent, service_users) for row in rows.values()]


def taken_back(
    connection: Connection, given: Mapping[str, tuple[UUID, UUID]], *, agent: str
) -> list[Row | Refused]:
    """Takes feedback back, of a ticket each, by the key of its row; the tickets are shown again."""
    tried = [_taken_back(connection, key, given[key][1], agent) for key in sorted(given)]
    refused = [each for each in tried if each is not None]
    lost = {each.key for each in refused}
    back = {ticket: key for key, (ticket, _) in given.items() if key not in lost}
    return [*refused, *_without_items(connection, back)]


def _rows(connection: Connection, items: Sequence[ReviewItem]) -> list[Row]:
    ids = [item.ticket_id for item in items]
    records = review_batches.short_records(connection, ids, most=_MOST_TEXT)
    labels = taxonomy.labels(connection)
    return [
        Row(
            key=str(item.id),
            case=case_of(records[item.ticket_id], item, labels),
            is_cut=records[item.ticket_id]["is_cut"],
            was=str(item.id),
        )
        for item in items
    ]


def _without_items(connection: Connection, tickets: Mapping[UUID, str]) -> list[Row]:
    records = review_batches.short_records(connection, list(tickets), most=_MOST_TEXT)
    labels = taxonomy.labels(connection)
    return [
        Row(
            key=str(ticket),
            case=case_of(record, None, labels),
            is_cut=record["is_cut"],
            was=tickets[ticket],
        )
        for ticket, record in records.items()
    ]


def _settled(
    connection: Connection, key: str, rows: Mapping[str, Row], said: Said, agent: str
) -> Settled | Refused:
    if key not in rows:
        return Refused(key=key, problem=N_("It was settled or decided again meanwhile"))
    case = rows[key].case
    holder = case.item.claimed_by if case.item else None
    if holder not in (agent, None):
        return Refused(key=key, problem=N_("Another agent holds it now"), who=holder or "")
    outcome, labels, department = _judged(said, key, case)
    one = OneResolution(item=int(key), outcome=outcome, labels=labels, department=department)
    done = work.tried(connection, one, agent=agent)
    if isinstance(done, RefusedItem):
        return Refused(key=key, problem=done.problem["detail"], fix=done.problem["fix"])
    given = _given(case, outcome, done.feedback_id)
    return Settled(key=key, case=case, outcome=outcome, given=given)


def _again(
    connection: Connection, row: Row, said: Said, agent: str, service_users: frozenset[str]
) -> Settled | Refused:
    outcome, _, _ = _judged(said, row.key, row.case)
    words = Judgement(
        outcome=outcome,
        labels=said.labels.get(row.key, []),
        department=said.departments.get(row.key, ""),
        note="",
        order=FIRST,
    )
    try:
        with connection.begin_nested():
            given = judged_again(connection, row.case.ticket_id, words, agent, service_users)
    except Problem as error:
        return Refused(key=row.key, problem=error.detail)
    except Invalid as error:
        return Refused(key=row.key, problem=f"{error.field} {error.problem}", fix=error.fix)
    return Settled(key=row.key, case=row.case, outcome=outcome, given=given)


def _judged(said: Said, key: str, case: Case) -> tuple[Judged, list[str] | None, str | None]:
    if key in said.skipped:
        return "skipped", None, None
    labels, department = changes(said.labels.get(key, []), said.departments.get(key, ""), case)
    is_as_it_was = labels is None and department is None
    return "accepted" if is_as_it_was else "replaced", labels, department


def _given(case: Case, outcome: Judged, feedback_id: UUID | None) -> Undoable | None:
    if feedback_id is None:
        return None
    return Undoable(ticket_id=case.ticket_id, feedback_id=feedback_id, outcome=outcome)


def _taken_back(connection: Connection, key: str, feedback_id: UUID, agent: str) -> Refused | None:
    try:
        with connection.begin_nested():
            corrections.withdraw(connection, feedback_id, agent=agent)
    except Invalid as error:
        return Refused(key=key, problem=f"{error.field} {error.problem}", fix=error.fix)
    return None
