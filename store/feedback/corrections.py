"""What agents say about decisions: appended, superseded, taken back, and held back from training.

Of the feedback on a ticket the entry that was given last and not taken back stands, in whatever
order we heard of them. Labels and routes are two questions: a later word about the route leaves
what was said about the labels standing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Row, insert, text
from uuid_utils.compat import uuid7

from core.errors import Invalid
from core.events import EventName
from core.types import FeedbackKind, ReviewOutcome, Ticket, Verdict
from store.access import audit
from store.contents import ticket_of
from store.delivery import outbox
from store.feedback import review_items
from store.rules import label_history, taxonomy
from store.tables import CorrectionRow

_OUTCOMES = {
    Verdict.RELEASED: ReviewOutcome.ACCEPTED,
    Verdict.REJECTED: ReviewOutcome.REPLACED,
}
_NEEDS_LABELS = "give every label that the ticket should have, or [] if none fits"
_LOCK_TICKET_OF = text(
    "SELECT 1 FROM tickets WHERE id = (SELECT ticket_id FROM corrections WHERE id = :id) "
    "FOR NO KEY UPDATE"
)
_KEYS = UUID("6f1d3b0a-5a2e-4a44-9a5e-3d0c1f6b7e52")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before it a clock was never set
_FAST_CLOCK = timedelta(minutes=5)  # that a sender's clock may be ahead of ours


class NoTicket(Invalid):
    """There is no such ticket, or it was erased."""


class NotStanding(Invalid):
    """There is no such entry, or it was taken back already."""


class KeyReused(Invalid):
    """Another entry was given under the same key."""


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
        given_at: when the agent said it; now if None.
        key: of the sender's own; the same key on the same ticket is the same entry.
    """

    ticket_id: UUID
    kind: FeedbackKind
    agent: str
    labels: Sequence[str] | None = None
    department: str | None = None
    revision: int | None = None
    note: str = ""
    final: bool = False
    given_at: datetime | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An entry, and whether it is a new one."""

    id: UUID
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFeedback:
    """Standing feedback about labels, with the ticket as it should have been labelled.

    Attributes:
        source: of the ticket.
        scores: of a confirmed decision, by label; None where labels were given, or none scored.
        thresholds: version of the thresholds and levels that it was made by; likewise.
    """

    id: UUID
    kind: FeedbackKind
    agent: str
    source: str
    ticket: Ticket
    ticket_id: UUID
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    given_at: datetime
    verdict: Verdict | None
    scores: Mapping[str, float] | None
    thresholds: str | None


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
    """As `give_once`; the entry's id."""
    return give_once(connection, feedback).id


def give_once(connection: Connection, feedback: Feedback) -> Given:
    """Appends feedback on a ticket; it supersedes what stood, and nobody need review it any more.

    A label that was renamed or merged may be given by its older name; what it is called now is
    kept (`store.rules.label_history.meaning` tells the caller which). Of deliveries at once under
    one key the first to lock the ticket makes the entry.

    Raises:
        NoTicket: there is none, or it was erased.
        KeyReused: the key was used for something else.
        Invalid: names the field that is wrong, missing or out of place.
    """
    revision = _revision(connection, feedback)
    if (there := _under_key(connection, feedback)) is not None:
        return Given(id=there, is_new=False)
    labels, given_at = _check(connection, feedback), _moment(connection, feedback)
    id_ = _id(feedback)
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
            given_at=given_at,
            supersedes=_before(connection, feedback.ticket_id, given_at),
        )
    )
    review_items.close_for_feedback(
        connection, feedback.ticket_id, id_, feedback.kind, actor=feedback.agent
    )
    _tell(connection, feedback.ticket_id, revision, _told(feedback, id_, labels))
    return Given(id=id_, is_new=True)


def withdraw(connection: Connection, correction: UUID, *, agent: str) -> UUID:
    """Takes an entry back, so that what it superseded stands again.

    Raises:
        NotStanding: there is no such entry, or it was taken back already.
    """
    # The ticket first, so that of two at once the second sees what the first did.
    connection.execute(_LOCK_TICKET_OF, {"id": correction})
    row = connection.execute(
        text(
            "SELECT ticket_id, revision FROM corrections c WHERE id = :id AND kind <> 'withdrawn' "
            "AND NOT EXISTS (SELECT 1 FROM corrections w WHERE w.supersedes = c.id "
            "AND w.kind = 'withdrawn')"
        ),
        {"id": correction},
    ).one_or_none()
    if row is None:
        fix = "name one that was not taken back yet"
        raise NotStanding("correction", "does not stand", fix)
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
    told = {"feedback": str(id_), "kind": FeedbackKind.WITHDRAWN, "takes_back": str(correction)}
    _tell(connection, row.ticket_id, row.revision, {**told, "agent": agent})
    audit.record(
        connection,
        actor=agent,
        action="feedback.withdrawn",
        subject=f"ticket {row.ticket_id}",
        detail={"feedback": str(correction)},
    )
    return id_


def _told(feedback: Feedback, id_: UUID, labels: Sequence[str] | None) -> dict[str, Any]:
    """What the event says of an entry; never its note, which may quote the ticket."""
    return {
        "feedback": str(id_),
        "kind": feedback.kind,
        "labels": None if labels is None else list(labels),
        "department": feedback.department,
        "agent": feedback.agent,
        "final": feedback.final,
    }


def _tell(connection: Connection, ticket_id: UUID, revision: int, said: dict[str, Any]) -> None:
    payload = {"ticket_id": str(ticket_id), "revision": revision, **said}
    outbox.tell(
        connection,
        EventName.FEEDBACK_RECORDED,
        payload,
        ticket_id=ticket_id,
        revision=revision,
    )


# Of an entry `c`: nobody took it back.
STANDS = (
    "c.kind <> 'withdrawn' AND NOT EXISTS "
    "(SELECT 1 FROM corrections w WHERE w.supersedes = c.id AND w.kind = 'withdrawn')"
)
# Of an entry whose id is in `last`: it does not wait for a person, and none rejected it.
COUNTS = (
    "NOT EXISTS (SELECT 1 FROM correction_reviews r WHERE r.correction_id = {last} "
    "AND r.verdict IN ('held', 'rejected'))"
)
_TRAINING = text(
    f"""
SELECT f.id, f.kind, f.agent, f.ticket_id, f.given_at, r.verdict,
  coalesce(f.labels, d.labels || d.preselected) AS labels,
  coalesce(d.labels || d.preselected, '{{}}') AS predicted,
  CASE WHEN f.kind = 'confirmed' THEN d.scores END AS scores,
  CASE WHEN f.kind = 'confirmed' THEN d.thresholds_version END AS thresholds,
  k.source, k.external_id, s.subject, s.body, s.channel, s.language, s.customer, s.priority,
  s.metadata, s.created_at, s.deadline
FROM (
  SELECT DISTINCT ON (c.ticket_id) c.* FROM corrections c
  WHERE c.kind IN ('confirmed', 'wrong_label') AND {STANDS}
  ORDER BY c.ticket_id, c.given_at DESC, c.id DESC
) f
JOIN tickets k ON k.id = f.ticket_id AND k.state <> 'erased'
JOIN ticket_contents s ON s.ticket_id = f.ticket_id AND s.revision = f.revision
LEFT JOIN decisions d ON d.ticket_id = f.ticket_id AND d.revision = f.revision
LEFT JOIN correction_reviews r ON r.correction_id = f.id
WHERE coalesce(f.labels, d.labels) IS NOT NULL
ORDER BY f.given_at, f.id
"""
)


def standing_label_feedback(connection: Connection) -> Iterator[LabelFeedback]:
    """What agents say about labels: one entry a ticket, oldest first, erased tickets left out."""
    for row in connection.execute(_TRAINING):
        yield LabelFeedback(
            id=row.id,
            kind=FeedbackKind(row.kind),
            agent=row.agent,
            source=row.source,
            ticket=ticket_of(row, external_id=row.external_id, labels=row.labels),
            ticket_id=row.ticket_id,
            labels=tuple(row.labels),
            predicted=tuple(row.predicted),
            given_at=row.given_at,
            verdict=None if row.verdict is None else Verdict(row.verdict),
            scores=row.scores,
            thresholds=row.thresholds,
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
        raise NoTicket("ticket_id", "names no ticket", "see `pointsman tickets show`")
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


def _before(connection: Connection, ticket_id: UUID, moment: datetime) -> UUID | None:
    """What stood of a ticket at a moment, as far as we have heard."""
    statement = text(
        f"SELECT c.id FROM corrections c WHERE c.ticket_id = :id AND c.given_at <= :moment "
        f"AND {STANDS} ORDER BY c.given_at DESC, c.id DESC LIMIT 1"
    )
    found = connection.execute(statement, {"id": ticket_id, "moment": moment}).scalar()
    return None if found is None else UUID(str(found))


def _id(feedback: Feedback) -> UUID:
    """That of the key where there is one, so that entries of one moment order as they are named."""
    if feedback.key is None:
        return UUID(str(uuid7()))
    return uuid5(_KEYS, f"{feedback.ticket_id}/{feedback.key}")


def _moment(connection: Connection, feedback: Feedback) -> datetime:
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    if feedback.given_at is None:
        return now
    if not _EARLIEST <= feedback.given_at <= now + _FAST_CLOCK:
        raise Invalid("given_at", "is in the future or long past", "send when the agent said it")
    return feedback.given_at.astimezone(UTC)


def _under_key(connection: Connection, feedback: Feedback) -> UUID | None:
    """The entry that a key stands for already."""
    if feedback.key is None:
        return None
    row = connection.execute(
        text("SELECT kind, department, agent, final, labels FROM corrections WHERE id = :id"),
        {"id": _id(feedback)},
    ).one_or_none()
    if row is None:
        return None
    if not _says_the_same(connection, row, feedback):
        fix = "give each entry its own"
        raise KeyReused("external_id", "was used for other feedback on this ticket", fix)
    return _id(feedback)


def _says_the_same(connection: Connection, row: Row[Any], feedback: Feedback) -> bool:
    read = label_history.meaning(connection).read
    now, then = (None if x is None else {*read(x).labels} for x in (feedback.labels, row.labels))
    told = (feedback.kind, feedback.department, feedback.agent, feedback.final, now)
    return told == (row.kind, row.department, row.agent, row.final, then)
