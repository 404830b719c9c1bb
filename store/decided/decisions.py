"""Decisions, written in one fenced transaction with the states and events that follow from them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from core.events import EventName
from core.types import Decision, TicketState
from core.urgency import LONGEST
from store.bulk import copy_rows
from store.decided import storms
from store.delivery import webhook_endpoints
from store.delivery.outbox import COLUMNS as OUTBOX
from store.feedback.review_items import Wanted, enter


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A claimed ticket with its decision.

    Attributes:
        token: the claim under which it was decided.
        state: what the ticket becomes: decided or quarantined.
        rescore: whether the network should look at it again when it is back.
        error: why a quarantined ticket is there; None otherwise.
        review: what a person should look at, if anything; a doubt makes a decided ticket's state
            review.
        incident: the open one that the ticket is part of.
        sketch: what it says, for storms to be seen; None of a ticket that is part of one.
    """

    decision: Decision
    token: int
    state: TicketState = TicketState.DECIDED
    rescore: bool = False
    error: str | None = None
    review: Wanted | None = None
    incident: int | None = None
    sketch: bytes | None = None


_COLUMNS = [
    "ticket_id",
    "revision",
    "primary_department",
    "collaborators",
    "labels",
    "reason",
    "rule",
    "trace",
    "scores",
    "rung",
    "model_version",
    "calibration_version",
    "thresholds_version",
    "ruleset_version",
    "input_hash",
    "claim_token",
    "preselected",
    "suggested",
]
_ARCHIVE = text(
    f"WITH old AS (DELETE FROM decisions d USING unnest(CAST(:ids AS uuid[]), "
    "CAST(:revisions AS int[])) u(i, r) WHERE d.ticket_id = u.i AND d.revision = u.r "
    f"AND d.ticket_id = ANY(:ids) RETURNING d.*) "
    f"INSERT INTO decision_history ({', '.join(_COLUMNS)}, decided_at) "
    f"SELECT {', '.join(_COLUMNS)}, decided_at FROM old"
)
_LOCK_MINE = text(
    "SELECT t.id FROM tickets t "
    "JOIN unnest(CAST(:ids AS uuid[]), CAST(:tokens AS bigint[])) u(i, k) "
    "ON t.id = u.i AND t.claim_token = u.k "
    "WHERE t.id = ANY(:ids) AND t.state = 'claimed' ORDER BY t.id FOR UPDATE OF t"
)
_FINISH = text(
    "UPDATE tickets t SET state = u.s, rescore = u.r, error = u.e, claimed_by = NULL, "
    "lease_until = NULL, decided_at = clock_timestamp() "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:rescores AS bool[]), "
    "CAST(:errors AS text[])) u(i, s, r, e) WHERE t.id = u.i AND t.id = ANY(:ids)"
)

_BEHIND_ALL = (
    "next_at = clock_timestamp(), "
    f"due_at = clock_timestamp() + make_interval(secs => {LONGEST.total_seconds()})"
)


def finish(connection: Connection, finished: Sequence[Finished]) -> list[UUID]:
    """Stores the decisions whose claims still stand, with states and outbox events.

    A claim that was given back or overtaken by a newer revision is left out without an error: its
    ticket belongs to somebody else now. A decision for the same revision from before (a lower
    rung, a replay) moves to the history.

    Returns:
        Ids of the tickets that were decided here.
    """
    mine = _lock_mine(connection, finished)
    kept = [entry for entry in finished if entry.decision.ticket_id in mine]
    if not kept:
        return []
    ids = [entry.decision.ticket_id for entry in kept]
    replaced = connection.execute(
        _ARCHIVE, {"ids": ids, "revisions": [entry.decision.revision for entry in kept]}
    ).rowcount
    copy_rows(connection, "decisions", _COLUMNS, map(_decision_values, kept))
    doubted = _enter_review(connection, kept, decided_again=replaced > 0)
    _note_for_storms(connection, kept)
    is_wanted = webhook_endpoints.is_wanted(connection, EventName.TICKET_CLASSIFIED)
    copy_rows(connection, "outbox", OUTBOX, _events(kept, doubted, classified=is_wanted))
    connection.execute(
        _FINISH,
        {
            "ids": ids,
            "states": [_state(entry, doubted) for entry in kept],
            "rescores": [entry.rescore for entry in kept],
            "errors": [entry.error for entry in kept],
        },
    )
    return ids


def _enter_review(
    connection: Connection, kept: Sequence[Finished], *, decided_again: bool
) -> set[UUID]:
    """The tickets that wait for a person; where nothing could change, nothing is asked."""
    wanted = {
        (entry.decision.ticket_id, entry.decision.revision): entry.review
        for entry in kept
        if entry.review is not None
    }
    if not wanted and not decided_again:
        return set()
    again = [entry.decision.ticket_id for entry in kept] if decided_again else []
    return enter(connection, again, wanted)


def _note_for_storms(connection: Connection, kept: Sequence[Finished]) -> None:
    ids = [(entry.decision.ticket_id, entry.incident, entry.sketch) for entry in kept]
    if members := [(id_, incident) for id_, incident, _ in ids if incident is not None]:
        storms.join(connection, members)
    if said := [(id_, sketch) for id_, _, sketch in ids if sketch is not None]:
        storms.note(connection, said)


def _state(entry: Finished, doubted: set[UUID]) -> TicketState:
    if entry.state is TicketState.DECIDED and entry.decision.ticket_id in doubted:
        return TicketState.REVIEW
    return entry.state


def _lock_mine(connection: Connection, finished: Sequence[Finished]) -> set[UUID]:
    values = {
        "ids": [entry.decision.ticket_id for entry in finished],
        "tokens": [entry.token for entry in finished],
    }
    return set(connection.execute(_LOCK_MINE, values).scalars())


def _decision_values(entry: Finished) -> tuple[Any, ...]:
    decision, routing = entry.decision, entry.decision.routing
    return (
        decision.ticket_id,
        decision.revision,
        routing.primary,
        list(routing.collaborators),
        list(routing.labels),
        routing.reason,
        routing.rule,
        json.dumps(routing.trace),
        json.dumps(dict(decision.scores)),
        decision.rung,
        decision.versions.model,
        decision.versions.calibration,
        decision.versions.thresholds,
        decision.versions.ruleset,
        decision.input_hash,
        entry.token,
        list(routing.preselected),
        list(routing.suggested),
    )


def _events(
    kept: Sequence[Finished], doubted: set[UUID], *, classified: bool
) -> Iterator[tuple[Any, ...]]:
    """What these decisions tell; `ticket.classified` doubles it, so somebody must ask for it."""
    for entry in kept:
        if classified:
            yield _event(entry, EventName.TICKET_CLASSIFIED, _classified(entry.decision))
        quarantined = entry.state is TicketState.QUARANTINED
        name = EventName.TICKET_ROUTE_FAILED if quarantined else EventName.TICKET_ROUTED
        yield _event(entry, name, _routed(entry.decision) | _incident(entry))
        if entry.review is not None and _state(entry, doubted) is TicketState.REVIEW:
            review = {"reasons": list(entry.review.reasons)}
            told = {**_routed(entry.decision), **review}
            yield _event(entry, EventName.TICKET_REVIEW_REQUIRED, told)


def _incident(entry: Finished) -> dict[str, Any]:
    return {} if entry.incident is None else {"incident": entry.incident}


def _event(entry: Finished, name: EventName, payload: dict[str, Any]) -> tuple[Any, ...]:
    decision = entry.decision
    return (uuid7(), name, decision.ticket_id, decision.revision, json.dumps(payload))


def _classified(decision: Decision) -> dict[str, Any]:
    return {
        "ticket_id": str(decision.ticket_id),
        "revision": decision.revision,
        "labels": list(decision.routing.labels),
        "preselected": list(decision.routing.preselected),
        "suggested": list(decision.routing.suggested),
        "scores": dict(decision.scores),
        "rung": decision.rung,
        "model_version": decision.versions.model,
    }


def _routed(decision: Decision) -> dict[str, Any]:
    return {
        "ticket_id": str(decision.ticket_id),
        "revision": decision.revision,
        "primary_department": decision.routing.primary,
        "collaborators": list(decision.routing.collaborators),
        "labels": list(decision.routing.labels),
        "preselected": list(decision.routing.preselected),
        "suggested": list(decision.routing.suggested),
        "reason": decision.routing.reason,
        "rung": decision.rung,
    }


def give_back_for_rescoring(connection: Connection, *, most: int) -> int:
    """Puts tickets of a lower rung back in the queue, because the network is there again.

    A ticket that a person has corrected stays as the person set it.

    Returns:
        How many were put back.
    """
    return connection.execute(
        text(
            "UPDATE tickets SET state = 'accepted', rescore = false, attempts = 0, "
            f"{_BEHIND_ALL} WHERE id = ANY(ARRAY("
            "SELECT t.id FROM tickets t WHERE t.rescore AND t.state IN ('decided', 'review') "
            "AND NOT EXISTS "
            "(SELECT 1 FROM corrections c WHERE c.ticket_id = t.id AND c.revision = t.revision) "
            "ORDER BY t.id LIMIT :most FOR UPDATE OF t SKIP LOCKED))"
        ),
        {"most": most},
    ).rowcount


def replay_quarantined(connection: Connection, *, ids: Sequence[UUID] | None = None) -> list[UUID]:
    """Puts quarantined tickets back in the queue with their attempts forgotten.

    Args:
        connection: an open transaction.
        ids: only these; None for all.
    """
    these = "" if ids is None else "AND id = ANY(:ids)"
    return list(
        connection.execute(
            text(
                "UPDATE tickets SET state = 'accepted', attempts = 0, error = NULL, "
                f"{_BEHIND_ALL} WHERE state = 'quarantined' {these} RETURNING id"
            ),
            {} if ids is None else {"ids": list(ids)},
        ).scalars()
    )
