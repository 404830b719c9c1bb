"""What agents say about decisions: appended, superseded, taken back, and held back from training.

Of the feedback on a ticket the newest entry that was not taken back stands. Labels and routes are
two questions: a later word about the route leaves what was said about the labels standing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, text
from uuid_utils.compat import uuid7

from core.errors import Invalid
from core.types import FeedbackKind, ReviewOutcome, Ticket, Verdict
from store import audit, label_history, review_items, taxonomy
from store.contents import ticket_of
from store.tables import CorrectionRow

_OUTCOMES = {
    Verdict.RELEASED: ReviewOutcome.ACCEPTED,
    Verdict.REJECTED: ReviewOutcome.REPLACED,
}
_NEEDS_LABELS = "give every label that the ticket should have, or [] if none fits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One entry, as an agent gives it.

    Attributes:
        ticket_id: which ticket.
        kind: what it says.
        agent: who says it.
        labels: after correction, all of them; needed for `wrong_label` and then only.
        department: where the ticket belongs; needed for `wrong_route`.
        revision: of the ticket, the newest if None.
        note: for the trainer and for colleagues.
        final: it says what stood when the ticket was closed.
    """

    ticket_id: UUID
    kind: FeedbackKind
    agent: str
    labels: Sequence[str] | None = None
    department: str | None = None
    revision: int | None = None
    note: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFeedback:
    """Standing feedback about labels, with the ticket as it should have been labelled."""

    id: UUID
    kind: FeedbackKind
    agent: str
    ticket: Ticket
    ticket_id: UUID
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    given_at: datetime
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCorrection:
    """A correction that waits for a person; never with the ticket's text."""

    id: UUID
    ticket_id: UUID
    agent: str
    labels: tuple[str, ...]
    reason: str
    held_at: datetime


def give(connection: Connection, feedback: Feedback) -> UUID:
    """Appends feedback on a ticket; it supersedes what stood, and nobody need review it any more.

    A label that was renamed or merged may be given by its older name; what it is called now is
    kept (`store.label_history.meaning` tells the caller which).

    Returns:
        The entry's id.

    Raises:
        Invalid: names the field that is wrong, missing or out of place.
    """
    revision = _revision(connection, feedback)
    labels = _check(connection, feedback)
    id_ = uuid7()
    connection.execute(
        insert(CorrectionRow).values(
            id=id_,
            ticket_id=feedback.ticket_id,
            revision=revision,
            kind=feedback.kind,
            labels=labels,
            department=feedback.department,
            agent=feedback.agent,
            note=feedback.note,
            final=feedback.final,
            supersedes=_standing(connection, feedback.ticket_id),
        )
    )
    review_items.close_for_feedback(
        connection, feedback.ticket_id, revision, feedback.kind, actor=feedback.agent
    )
    return id_


def withdraw(connection: Connection, correction: UUID, *, agent: str) -> UUID:
    """Takes an entry back, so that what it superseded stands again.

    Raises:
        Invalid: there is no such entry, or it was taken back already.
    """
    row = connection.execute(
        text(
            "SELECT ticket_id, revision FROM corrections c WHERE id = :id AND kind <> 'withdrawn' "
            "AND NOT EXISTS (SELECT 1 FROM corrections w WHERE w.supersedes = c.id "
            "AND w.kind = 'withdrawn') FOR UPDATE"
        ),
        {"id": correction},
    ).one_or_none()
    if row is None:
        raise Invalid("correction", "does not stand", "name one that was not taken back yet")
    id_ = uuid7()
    connection.execute(
        insert(CorrectionRow).values(
            id=id_,
            ticket_id=row.ticket_id,
            revision=row.revision,
            kind=FeedbackKind.WITHDRAWN,
            agent=agent,
            supersedes=correction,
        )
    )
    review_items.close_corrections(connection, [correction], ReviewOutcome.REPLACED, actor=agent)
    return id_


# Of an entry `c`: nobody took it back.
STANDS = (
    "c.kind <> 'withdrawn' AND NOT EXISTS "
    "(SELECT 1 FROM corrections w WHERE w.supersedes = c.id AND w.kind = 'withdrawn')"
)
_TRAINING = text(
    f"""
SELECT f.id, f.kind, f.agent, f.ticket_id, f.created_at AS given_at, r.verdict,
  coalesce(f.labels, d.labels || d.preselected) AS labels,
  coalesce(d.labels || d.preselected, '{{}}') AS predicted,
  k.external_id, s.subject, s.body, s.channel, s.language, s.customer, s.priority, s.metadata,
  s.created_at, s.deadline
FROM (
  SELECT DISTINCT ON (c.ticket_id) c.* FROM corrections c
  WHERE c.kind IN ('confirmed', 'wrong_label') AND {STANDS}
  ORDER BY c.ticket_id, c.created_at DESC, c.id DESC
) f
JOIN tickets k ON k.id = f.ticket_id AND k.state <> 'erased'
JOIN ticket_contents s ON s.ticket_id = f.ticket_id AND s.revision = f.revision
LEFT JOIN decisions d ON d.ticket_id = f.ticket_id AND d.revision = f.revision
LEFT JOIN correction_reviews r ON r.correction_id = f.id
WHERE coalesce(f.labels, d.labels) IS NOT NULL
ORDER BY f.created_at, f.id
"""
)


def standing_label_feedback(connection: Connection) -> Iterator[LabelFeedback]:
    """What agents say about labels: one entry a ticket, oldest first, erased tickets left out."""
    for row in connection.execute(_TRAINING):
        yield LabelFeedback(
            id=row.id,
            kind=FeedbackKind(row.kind),
            agent=row.agent,
            ticket=ticket_of(row, external_id=row.external_id, labels=row.labels),
            ticket_id=row.ticket_id,
            labels=tuple(row.labels),
            predicted=tuple(row.predicted),
            given_at=row.given_at,
            verdict=None if row.verdict is None else Verdict(row.verdict),
        )


def corrections_since(connection: Connection, moment: datetime | None) -> int:
    """How many entries about labels were given after a moment; all of them for None."""
    statement = text(
        "SELECT count(*) FROM corrections c WHERE c.kind IN ('confirmed', 'wrong_label') "
        "AND (CAST(:moment AS timestamptz) IS NULL OR c.created_at > :moment)"
    )
    return int(connection.execute(statement, {"moment": moment}).scalar_one())


def hold(connection: Connection, reasons: Mapping[UUID, str]) -> None:
    """Keeps corrections from training until a person settles them; settled ones stay settled.

    They wait in the review queue.
    """
    connection.execute(
        text(
            "INSERT INTO correction_reviews (correction_id, reason) "
            "SELECT i, r FROM unnest(CAST(:ids AS uuid[]), CAST(:reasons AS text[])) u(i, r) "
            "ON CONFLICT DO NOTHING"
        ),
        {"ids": list(reasons), "reasons": list(reasons.values())},
    )
    review_items.enter_held(connection, list(reasons))


def held(connection: Connection) -> list[HeldCorrection]:
    """What waits for a person, longest waiting first."""
    rows = connection.execute(
        text(
            "SELECT c.id, c.ticket_id, c.agent, coalesce(c.labels, '{}') AS labels, r.reason, "
            "r.held_at FROM correction_reviews r JOIN corrections c ON c.id = r.correction_id "
            "WHERE r.verdict = 'held' ORDER BY r.held_at, c.id"
        )
    )
    return [HeldCorrection(**{**row._mapping, "labels": tuple(row.labels)}) for row in rows]


def settle(
    connection: Connection, ids: Sequence[UUID], verdict: Verdict, *, actor: str
) -> list[UUID]:
    """Releases held corrections into training, or rejects them; returns those that waited."""
    settled = connection.execute(
        text(
            "UPDATE correction_reviews SET verdict = :verdict, settled_by = :actor, "
            "settled_at = clock_timestamp() WHERE correction_id = ANY(:ids) AND verdict = 'held' "
            "RETURNING correction_id"
        ),
        {"verdict": verdict, "actor": actor, "ids": list(ids)},
    ).scalars()
    found = list(settled)
    for id_ in found:
        action = f"correction.{verdict}"
        audit.record(connection, actor=actor, action=action, subject=f"correction {id_}")
    review_items.close_corrections(connection, found, _OUTCOMES[verdict], actor=actor)
    return found


def _revision(connection: Connection, feedback: Feedback) -> int:
    found = connection.execute(
        text("SELECT revision FROM tickets WHERE id = :id AND state <> 'erased' FOR NO KEY UPDATE"),
        {"id": feedback.ticket_id},
    ).scalar()
    if found is None:
        raise Invalid("ticket_id", "names no ticket", "see `pointsman tickets show`")
    newest = int(found)
    if feedback.revision is not None and not 1 <= feedback.revision <= newest:
        raise Invalid("revision", f"is not in 1 to {newest}", "name one that the ticket has")
    return feedback.revision or newest


def _check(connection: Connection, feedback: Feedback) -> list[str] | None:
    """The labels under the names of today, sorted."""
    if feedback.kind is FeedbackKind.WITHDRAWN:
        raise Invalid("kind", "is not given but done", "use `withdraw`")
    if (feedback.labels is None) == (feedback.kind is FeedbackKind.WRONG_LABEL):
        problem = "are missing" if feedback.labels is None else f"do not go with {feedback.kind}"
        raise Invalid("labels", problem, _NEEDS_LABELS)
    if feedback.kind is FeedbackKind.WRONG_ROUTE and feedback.department is None:
        raise Invalid("department", "is missing", "name where the ticket belongs")
    departments = {department.name for department in taxonomy.departments(connection)}
    if feedback.department is not None and feedback.department not in departments:
        raise Invalid("department", f"{feedback.department!r} is unknown", "add it first")
    return None if feedback.labels is None else sorted(_known(connection, feedback.labels))


def _known(connection: Connection, labels: Sequence[str]) -> tuple[str, ...]:
    """The labels that are meant, all of them in use."""
    meaning = label_history.meaning(connection)
    found = meaning.read(labels)
    for name in meaning.stale(labels):
        now = ", ".join(repr(label) for label in meaning.now[name])
        if name in found.unclear:
            raise Invalid("labels", f"{name!r} was split", f"name what is meant: {now}")
        if not now:
            raise Invalid("labels", f"{name!r} was retired", "leave it out")
    known = {label.name for label in taxonomy.labels(connection)}
    if unknown := sorted(set(found.labels) - known):
        raise Invalid("labels", f"{unknown[0]!r} is unknown", "add the label first")
    return found.labels


def _standing(connection: Connection, ticket_id: UUID) -> UUID | None:
    statement = text(
        f"SELECT c.id FROM corrections c WHERE c.ticket_id = :id AND {STANDS} "
        "ORDER BY c.created_at DESC, c.id DESC LIMIT 1"
    )
    found = connection.execute(statement, {"id": ticket_id}).scalar()
    return None if found is None else UUID(str(found))
