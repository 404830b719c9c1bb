"""The values that all floors share: tickets, scores, decisions and the words for their states.

All are frozen. Rows, tensors and wire shapes live elsewhere (`store/tables.py`, `classifier/`,
`core/ticket_json.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class TicketState(StrEnum):
    """Where a ticket is on its way."""

    ACCEPTED = "accepted"
    CLAIMED = "claimed"
    DECIDED = "decided"
    REVIEW = "review"
    QUARANTINED = "quarantined"
    ERASED = "erased"


class Rung(StrEnum):
    """Which step of the degradation ladder gave the scores, best first.

    `MODEL` is the network on the worker's own device (a CPU worker's device is its CPU);
    `MODEL_CPU` is the network on the CPU because an accelerator failed.
    """

    MODEL = "model"
    MODEL_CPU = "model_cpu"
    LINEAR = "linear"
    KEYWORDS = "keywords"
    DEFAULT = "default"

    @property
    def is_degraded(self) -> bool:
        """Whether a ticket decided on this rung should be looked at again by the network."""
        return self in (Rung.LINEAR, Rung.KEYWORDS, Rung.DEFAULT)


class Reason(StrEnum):
    """Why a ticket went to its primary department."""

    RULE = "rule"
    NO_RULE = "no_rule"
    BELOW_THRESHOLD = "below_threshold"
    EXCLUDED_LABEL = "excluded_label"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    EMPTY_TEXT = "empty_text"
    MODEL_UNAVAILABLE = "model_unavailable"
    MANUAL_TRIAGE = "manual_triage"
    INCIDENT = "incident"


class FeedbackKind(StrEnum):
    """What an agent says about a decision.

    The labels were right; the labels were wrong; the labels were right and the department was
    not; the ticket went elsewhere because others had time; nobody looked; the entry before is
    taken back.
    """

    CONFIRMED = "confirmed"
    WRONG_LABEL = "wrong_label"
    WRONG_ROUTE = "wrong_route"
    MOVED_FOR_LOAD = "moved_for_load"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"

    @property
    def trains(self) -> bool:
        """Whether it says something about labels, which is what a model can learn."""
        return self in (FeedbackKind.CONFIRMED, FeedbackKind.WRONG_LABEL)


class Verdict(StrEnum):
    """What became of a correction that was held back from training."""

    HELD = "held"
    RELEASED = "released"
    REJECTED = "rejected"


class ProposalVerdict(StrEnum):
    """What became of a change that waited for a second person."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ControlledArea(StrEnum):
    """What can be put under four eyes."""

    RULES = "rules"
    THRESHOLDS = "thresholds"
    ACTIVATION = "activation"


class HistoryFormat(StrEnum):
    """What wrote an export: a ticket JSON a line, a table, Zendesk, Zammad."""

    JSONL = "jsonl"
    CSV = "csv"
    ZENDESK = "zendesk"
    ZAMMAD = "zammad"


class ReviewReason(StrEnum):
    """Why a person should look at a decision, or at what an agent said of one.

    The first four are doubts about the decision, the fifth is that labels were offered and none
    counted; chance drew the ticket; a correction is kept from training; people have passed the
    ticket on too often.
    """

    BELOW_THRESHOLD = "below_threshold"
    EXCLUDED_LABEL = "excluded_label"
    NO_RULE = "no_rule"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    UNCONFIRMED_LABEL = "unconfirmed_label"
    AUDIT = "audit"
    HELD_CORRECTION = "held_correction"
    PING_PONG = "ping_pong"

    @property
    def is_doubt(self) -> bool:
        """Whether the decision itself waits for a person."""
        return self not in (
            ReviewReason.AUDIT,
            ReviewReason.HELD_CORRECTION,
            ReviewReason.PING_PONG,
        )


class ReviewOutcome(StrEnum):
    """What became of an item of the review queue.

    A person found it right, changed it, or passed it over; another decision took its place.
    """

    ACCEPTED = "accepted"
    REPLACED = "replaced"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"


class ReviewOrder(StrEnum):
    """Which open item comes next.

    The one due first; the most uncertain; those of the audit; the most uncertain of the label that
    was looked at least lately.
    """

    DEADLINE = "deadline"
    UNCERTAINTY = "uncertainty"
    AUDIT = "audit"
    SPREAD = "spread"


class RunState(StrEnum):
    """Where a training run is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class GroupBy(StrEnum):
    """What figures are told apart by."""

    ALL = "all"
    DAY = "day"
    LABEL = "label"
    VERSION = "version"
    LANGUAGE = "language"
    CHANNEL = "channel"
    DEPARTMENT = "department"


class Automation(StrEnum):
    """How much a label may do by itself, least first.

    Nobody sees it; it is scored and kept, without effect; it is among the suggestions; agents find
    it ticked; it steers rules.
    """

    OFF = "off"
    SHADOW = "shadow"
    SUGGEST = "suggest"
    PRESELECT = "preselect"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLevel:
    """What a person lets a label do; the scores are in [0, 1].

    Attributes:
        automation: how much.
        preselect_from: the score from which it is shown; None for the model's own threshold.
        auto_from: the score from which it steers rules, never below `preselect_from`; likewise.
    """

    automation: Automation = Automation.AUTO
    preselect_from: float | None = None
    auto_from: float | None = None


class HelpdeskKind(StrEnum):
    """Which helpdesk a connection speaks with; `standard` is whoever speaks Standard Webhooks."""

    ZENDESK = "zendesk"
    ZAMMAD = "zammad"
    CHATWOOT = "chatwoot"
    REQUEST_TRACKER = "request_tracker"
    STANDARD = "standard"


class HelpdeskWrite(StrEnum):
    """What we write into a helpdesk: the team that has the ticket, tags, a note of the reason."""

    TEAM = "team"
    TAGS = "tags"
    NOTE = "note"


class LabelMove(StrEnum):
    """What became of labels."""

    ADD = "add"
    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"
    RETIRE = "retire"


class Role(StrEnum):
    """What a caller may do: which doors are open to it stands in `web/access.py`.

    A helpdesk sends tickets; agents read and correct; ops edit rules and labels; approvers
    confirm what needs two pairs of eyes; admins do everything.
    """

    HELPDESK = "helpdesk"
    AGENT = "agent"
    OPS = "ops"
    APPROVER = "approver"
    ADMIN = "admin"


class ErasureScope(StrEnum):
    """What one erasure removes: a ticket, or every ticket of a customer."""

    TICKET = "ticket"
    CUSTOMER = "customer"


class TrialStage(StrEnum):
    """How a model version is on trial.

    It scores live tickets without effect; it decides a share of them; it decides all of them and
    may be taken back.
    """

    SHADOW = "shadow"
    CANARY = "canary"
    PROBATION = "probation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket as its sender described it, cleaned and within limits.

    `labels` are what a human says the ticket is about: None when nobody has said, () when
    somebody looked and found that no label fits. `deadline` is when it must be decided.
    """

    id: str
    subject: str
    body: str
    channel: str | None = None
    language: str | None = None
    customer: str | None = None
    priority: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    deadline: datetime | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What the rules made of a ticket's scores.

    Attributes:
        primary: the one department that owns the ticket.
        collaborators: further departments, in the order in which rules named them; never the
            primary, no repeats.
        labels: the labels that count, highest score first: on level auto, and at or over the score
            from which they steer rules.
        reason: why `primary` is the primary.
        rule: id of the rule that named the primary; None when the default took it.
        trace: a JSON-ready record of every rule considered, in the order of consideration.
        preselected: further labels that agents find ticked, highest score first.
        suggested: at most three labels more that agents are offered, highest score first.
    """

    primary: str
    collaborators: tuple[str, ...]
    labels: tuple[str, ...]
    reason: Reason
    rule: str | None
    trace: list[dict[str, Any]]
    preselected: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Everything that a decision depends on besides its input; None where a rung has no such part.

    `ruleset` is the number of the ruleset revision; the others are content ids: of artifact parts,
    and of the thresholds and levels of labels together.
    """

    model: str | None
    calibration: str | None
    thresholds: str | None
    ruleset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The full record of one routing decision: enough to reproduce it.

    Attributes:
        scores: calibrated probability in [0, 1] of every label that is not on level off, rounded
            as it was decided on.
        input_hash: SHA-256 of `core.text.model_text` of the ticket.
    """

    ticket_id: UUID
    revision: int
    routing: Routing
    scores: Mapping[str, float]
    rung: Rung
    versions: Versions
    input_hash: bytes
