"""Keeps what became of an attempt: the log, the delivery, and its endpoint, in one transaction."""

from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from core.events import EventName
from deliver.schedule import Fate, Patience, Step, next_step
from helpdesks.receiving import Outcome
from store.delivery import deliveries, outbox, webhook_endpoints
from store.delivery.deliveries import Attempt, Claimed, DeliveryState
from store.delivery.webhook_endpoints import EndpointState

ACTOR = "deliver"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An attempt that is over, and the milliseconds that it took."""

    outcome: Outcome
    ms: int


def settle(
    connection: Connection,
    endpoint: int,
    claimed: Claimed,
    tried: Tried,
    patience: Patience,
    luck: float,
) -> Step | None:
    """Carries out what follows from an outcome.

    Args:
        connection: an open transaction.
        endpoint: where the delivery goes.
        claimed: the delivery.
        tried: the attempt.
        patience: for how long to try.
        luck: of the jitter, in [0, 1).

    Returns:
        What was done; None when another has the delivery by now, and nothing was.
    """
    now = deliveries.standing(connection, claimed)
    if now is None:
        return None
    step = next_step(tried.outcome, now, patience, luck=luck)
    deliveries.log(connection, claimed, _attempt(tried))
    _move(connection, claimed, step)
    if step.fate is Fate.ARRIVED:
        deliveries.went_well(connection, endpoint)
    elif step.is_failure:
        deliveries.went_wrong(connection, endpoint, open_s=step.open_s)
    if now.state is EndpointState.ACTIVE:
        _stop(connection, endpoint, step, tried.outcome.note, failing_h=now.failing_s / 3600)
    return step


def _move(connection: Connection, claimed: Claimed, step: Step) -> None:
    if step.fate is Fate.AGAIN:
        deliveries.again(connection, claimed, in_s=step.in_s)
    elif step.fate is Fate.ARRIVED:
        deliveries.end(connection, claimed, DeliveryState.DELIVERED)
    else:
        deliveries.end(connection, claimed, DeliveryState.DEAD)


def _stop(
    connection: Connection, endpoint: int, step: Step, note: str, *, failing_h: float
) -> None:
    """Pauses an endpoint that only fails, disables one that is gone, and tells everybody."""
    if not (step.pauses or step.disables):
        return
    state = EndpointState.DISABLED if step.disables else EndpointState.PAUSED
    why = note if step.disables else f"nothing but failures for {failing_h:.0f} hours"
    one = webhook_endpoints.endpoint(connection, endpoint)
    if one is None:
        return
    webhook_endpoints.stop(connection, one, state, why, by=ACTOR)
    payload = {"endpoint": endpoint, "kind": one.kind, "state": state, "why": why}
    outbox.tell(connection, EventName.WEBHOOK_STOPPED, payload)
    _log.warning("endpoint_stopped", endpoint=endpoint, state=state, why=why)


def _attempt(tried: Tried) -> Attempt:
    said = tried.outcome
    return Attempt(status=said.http_status, ms=tried.ms, error=said.note, answer=said.answer)
