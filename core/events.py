"""Every event that lands in the outbox, with what it tells; docs/webhooks.md lists the same."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class EventName(StrEnum):
    """What happened, in the past tense."""

    TICKET_CLASSIFIED = "ticket.classified"
    TICKET_ROUTED = "ticket.routed"
    TICKET_REVIEW_REQUIRED = "ticket.review_required"
    TICKET_ROUTE_FAILED = "ticket.route_failed"
    TICKET_PING_PONG = "ticket.ping_pong"
    TICKET_ERASED = "ticket.erased"
    FEEDBACK_RECORDED = "feedback.recorded"
    MODEL_TRAINED = "model.trained"
    MODEL_PROMOTED = "model.promoted"
    MODEL_REJECTED = "model.rejected"
    MODEL_ROLLED_BACK = "model.rolled_back"
    TRAINING_ENDED = "training.ended"
    RULES_CHANGED = "rules.changed"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_CLOSED = "incident.closed"
    DRIFT_DETECTED = "drift.detected"
    DRIFT_CHECKED = "drift.checked"
    LABELS_REVIEWED = "labels.reviewed"
    WEBHOOK_STOPPED = "webhook.stopped"
    WEBHOOK_TEST = "webhook.test"


TOLD: Mapping[EventName, str] = MappingProxyType(
    {
        EventName.TICKET_CLASSIFIED: "A ticket has labels and scores, whether any counts or none. "
        "Written only while an endpoint asks for it.",
        EventName.TICKET_ROUTED: "A ticket was decided, by a rule or by the default.",
        EventName.TICKET_REVIEW_REQUIRED: "A decision waits for a person.",
        EventName.TICKET_ROUTE_FAILED: "Nothing could score a ticket: it is in quarantine.",
        EventName.TICKET_PING_PONG: "People passed a ticket on too often: the lead has it.",
        EventName.TICKET_ERASED: "A ticket was erased; forget it too.",
        EventName.FEEDBACK_RECORDED: "An agent said something about a decision, or took it back.",
        EventName.MODEL_TRAINED: "A training made a candidate, whatever the gate says of it.",
        EventName.MODEL_PROMOTED: "Another model version serves.",
        EventName.MODEL_REJECTED: "The gate turned a candidate down.",
        EventName.MODEL_ROLLED_BACK: "An earlier model version serves again.",
        EventName.TRAINING_ENDED: "A training run is over, one that failed or had nothing to learn "
        "too.",
        EventName.RULES_CHANGED: "Another revision of the rules decides.",
        EventName.INCIDENT_OPENED: "Tickets that say nearly the same came within minutes: one "
        "incident, told once.",
        EventName.INCIDENT_CLOSED: "An incident is over, with the number of its tickets.",
        EventName.DRIFT_DETECTED: "A drift check found something that alerts.",
        EventName.DRIFT_CHECKED: "A drift check ended, one that found nothing too.",
        EventName.LABELS_REVIEWED: "A look at the labels ended: groups of tickets that none fits, "
        "and labels that overlap; one that found nothing too.",
        EventName.WEBHOOK_STOPPED: "An endpoint was paused after nothing but failures, or disabled "
        "because it is gone.",
        EventName.WEBHOOK_TEST: "Somebody tries an endpoint; goes to that one alone.",
    }
)
"""What each tells, in a sentence or two."""

WANTABLE: tuple[EventName, ...] = tuple(
    name for name in EventName if name is not EventName.WEBHOOK_TEST
)
"""Those that an endpoint can ask for."""
