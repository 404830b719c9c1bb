"""Decisions written into the helpdesk that their tickets came from, by our own user there.

What is about to be written is kept before, so that its webhook, which may overtake our own noting,
is known as ours. Doing it again changes nothing: what stands there already is not written.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine

from core.errors import Transient
from core.types import HelpdeskWrite, Reason
from helpdesks.desk import Access, Change, Changed, Desk, Gone, Later, Refused, Standing
from helpdesks.kinds import KINDS, team_of
from helpdesks.planning import Plan, Wish, past_of, plan
from helpdesks.receiving import Delivery, Outcome, Status
from helpdesks.tagging import ours, tags_of
from store.engine import transaction
from store.helpdesk.helpdesk_tickets import Decided, Known, decided, known, save
from store.helpdesk.helpdesks import Helpdesk, find

Open = Callable[[Helpdesk], Access]
"""Gives access to the API of a connection; its token is opened."""
_TRIES = 3  # of reading and writing, while the ticket changes in between
_ID = re.compile(r"[0-9]{1,20}")  # in all helpdesks that we write to; it stands in a path
_log = structlog.get_logger(__name__)
_WORDS = {
    Reason.RULE: "by rule {rule}",
    Reason.NO_RULE: "because no rule fits",
    Reason.BELOW_THRESHOLD: "because no label is sure enough",
    Reason.EXCLUDED_LABEL: "because of a label that people look at",
    Reason.UNSUPPORTED_LANGUAGE: "because of its language",
    Reason.EMPTY_TEXT: "because it says nothing",
    Reason.MODEL_UNAVAILABLE: "because no model was there",
    Reason.MANUAL_TRIAGE: "for people to look at",
    Reason.INCIDENT: "it is part of an incident",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One decision and its way back."""

    desk: Helpdesk
    stands: Decided
    event: UUID


class WriteBack:
    """What receives decisions for one connection.

    Args:
        engine: of the database.
        name: of the connection.
        open_: gives access to its API.
    """

    def __init__(self, engine: Engine, name: str, open_: Open) -> None:
        self._engine = engine
        self._name = name
        self._open = open_

    def send(self, delivery: Delivery) -> Outcome:
        """Writes the decision that an event tells of, as far as it still stands."""
        job = transaction(self._engine, lambda c: self._job(c, delivery))
        if isinstance(job, str):
            return Outcome(status=Status.DELIVERED, note=job)
        make = KINDS[job.desk.kind].desk
        assert make is not None, "the API lets nothing be written where there is none"
        try:
            return self._written(job, make(self._open(job.desk)))
        except (Gone, Refused) as error:
            return Outcome(status=Status.REFUSED, note=str(error))
        except Later as error:
            return Outcome(status=Status.RETRY, note=str(error), retry_after_s=error.after_s)
        except Transient as error:
            return Outcome(status=Status.RETRY, note=str(error))

    def _job(self, connection: Connection, delivery: Delivery) -> _Job | str:
        """What is to be done; in words, why nothing is."""
        desk = find(connection, self._name)
        if desk is None or not desk.active or not desk.writes:
            return "nothing is written to this helpdesk"
        stands = decided(connection, UUID(str(delivery.payload["ticket_id"])))
        if stands is None or stands.source != self._name:
            return "the ticket is not of this helpdesk, or waits to be decided again"
        if not _ID.fullmatch(stands.external_id):
            return "the ticket's id is none of this helpdesk"
        return _Job(desk=desk, stands=stands, event=delivery.id)

    def _written(self, job: _Job, desk: Desk) -> Outcome:
        for _ in range(_TRIES):
            try:
                return self._try(job, desk)
            except Changed:
                continue
        return Outcome(status=Status.RETRY, note="the ticket changed again and again")

    def _try(self, job: _Job, desk: Desk) -> Outcome:
        """Reads, plans, writes, and keeps what stands then."""
        before, wish = desk.read(job.stands.external_id), _wish(job)
        planned = transaction(self._engine, lambda c: _begin(c, job, before, wish))
        change = planned.change
        if change is not None:
            after = desk.write(job.stands.external_id, change, before)
            transaction(self._engine, lambda c: _note(c, job, change, before, after))
        return _told(planned)


def _wish(job: _Job) -> Wish:
    stands, desk = job.stands, job.desk
    tags = tags_of(stands.primary_department, stands.labels, stands.scores)
    return Wish(
        team=team_of(desk.kind, desk.teams, stands.primary_department),
        tags=frozenset(tags),
        note=note_of(stands),
        writes=frozenset(desk.writes),
    )


def note_of(stands: Decided) -> str:
    """The reason of a decision, for agents."""
    why = _WORDS.get(Reason(stands.reason), "").format(rule=stands.rule)
    scored = ", ".join(f"{label} ({stands.scores.get(label, 0):.2f})" for label in stands.labels)
    about = f"It seems to be about: {scored}." if scored else "No label counts."
    return f"Pointsman chose {stands.primary_department} {why}. {about}"


def _begin(connection: Connection, job: _Job, standing: Standing, wish: Wish) -> Plan:
    """Plans the change, and keeps what is about to be written."""
    entry = known(connection, job.desk.name, job.stands.external_id)
    # Anew, so that a word that came meanwhile counts.
    now = decided(connection, job.stands.id)
    is_corrected = now is None or now.corrected or now.revision != job.stands.revision
    asked = wish if entry.noted != job.event else replace(wish, note=None)
    planned = plan(standing, past_of(entry, is_corrected=is_corrected), asked)
    if planned.change is not None:
        save(connection, _about_to(entry, planned.change, standing, job.stands.id))
    return planned


def _about_to(entry: Known, change: Change, standing: Standing, ticket_id: UUID) -> Known:
    wrote = (
        entry
        if change.team is None
        else replace(entry, wrote_team=change.team, team=standing.team, writing=True)
    )
    if change.tags is not None:
        mine = tuple(sorted(ours(change.tags)))
        wrote = replace(wrote, wrote_tags=mine, tags=standing.tags, writing=True)
    return replace(wrote, ticket_id=ticket_id)


def _note(
    connection: Connection, job: _Job, change: Change, before: Standing, after: Standing
) -> None:
    """Keeps that it was written, and what stands there since.

    If somebody changed it right behind us, their change is still to be told.
    """
    entry = known(connection, job.desk.name, job.stands.external_id)
    team = entry.team if change.team is None else change.team
    tags = entry.tags if change.tags is None else change.tags
    is_as_written = after.team == (change.team or before.team) and {*after.tags} == {
        *(before.tags if change.tags is None else change.tags)
    }
    at = after.at if is_as_written else before.at
    moments = [moment for moment in (entry.placed_at, at) if moment is not None]
    noted = job.event if change.note is not None else entry.noted
    save(
        connection,
        replace(
            entry,
            team=team,
            tags=tags,
            placed_at=max(moments, default=None),
            writing=False,
            noted=noted,
        ),
    )
    _log.info("helpdesk_written", connection=job.desk.name, ticket_id=str(job.stands.id))


def _told(planned: Plan) -> Outcome:
    left = f"left to people: {', '.join(planned.left)}" if planned.left else ""
    wrote = "nothing to write" if planned.change is None else _parts(planned.change)
    return Outcome(status=Status.DELIVERED, note="; ".join(filter(None, (wrote, left))))


def _parts(change: Change) -> str:
    parts = [each for each in HelpdeskWrite if getattr(change, each) is not None]
    return f"wrote {', '.join(parts)}"
