"""The schema, as SQLAlchemy rows. Migrations must equal this; a test compares them.

`tickets`, `ticket_contents`, `decisions`, `decision_history` and `outbox` are partitioned by month
through their UUIDv7 key, whose first 48 bits are milliseconds since 1970 (RFC 9562), so that a
primary key stays unique over all partitions and old months leave by DROP instead of DELETE.
Partitions themselves are made by `store.partitions`, not here.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.types import (
    Automation,
    ErasureScope,
    FeedbackKind,
    HelpdeskKind,
    LabelMove,
    ProposalVerdict,
    ReviewOutcome,
    Role,
    Rung,
    RunState,
    TicketState,
    TrialStage,
    Verdict,
)

NOW = text("clock_timestamp()")
_WAITS = text("state = 'accepted'")
_OPEN_ITEM = text("resolved_at IS NULL")
CLAIM_TOKENS = "claim_tokens"


class Row(DeclarativeBase):
    """What all rows share: names for constraints, and types for Python's own."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        str: Text,
        float: Double,
        bytes: LargeBinary,
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: ARRAY(Text),
    }


Sequence(CLAIM_TOKENS, metadata=Row.metadata, cache=1)


def _one_of(column: str, values: list[str]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class LabelRow(Row):
    """What a ticket can be about. `keywords` feed the keyword rung.

    The scores from which it is ticked and from which it routes are the model's own threshold
    where they are NULL. `measured_on` is the model version by whose figures they were chosen.
    """

    __tablename__ = "labels"
    __table_args__ = (
        _one_of("automation", list(Automation)),
        CheckConstraint(
            "preselect_from BETWEEN 0 AND 1 AND auto_from BETWEEN 0 AND 1 "
            "AND auto_from >= preselect_from",
            name="auto_above_preselect",
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(server_default="")
    guidelines: Mapped[str] = mapped_column(server_default="")
    keywords: Mapped[list[str]] = mapped_column(server_default="{}")
    automation: Mapped[str] = mapped_column(server_default=Automation.AUTO)
    preselect_from: Mapped[float | None]
    auto_from: Mapped[float | None]
    measured_on: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    retired_at: Mapped[datetime | None]


class LabelMoveRow(Row):
    """A label's past, which tells what names in older tickets and corrections mean today."""

    __tablename__ = "label_moves"
    __table_args__ = (_one_of("kind", list(LabelMove)),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    before: Mapped[list[str]]
    after: Mapped[list[str]]
    actor: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class LabelRequestRow(Row):
    """A change of labels that needs another model, which a trainer makes.

    Asked for in `store.labels.label_requests`; `ruleset` and `serving` are what it was shown on.
    """

    __tablename__ = "label_requests"
    __table_args__ = (
        _one_of("state", list(RunState)),
        Index(
            "ix_label_requests_open",
            "id",
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    wanted: Mapped[dict[str, Any]]
    ruleset: Mapped[int] = mapped_column(BigInteger)
    serving: Mapped[str]
    requested_by: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=RunState.QUEUED)
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]
    model_version: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    finished_at: Mapped[datetime | None]


class DepartmentRow(Row):
    """Who takes tickets. Exactly one is the default."""

    __tablename__ = "departments"
    __table_args__ = (
        Index(
            "uq_departments_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(server_default="")
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    retired_at: Mapped[datetime | None]


class RulesetRow(Row):
    """One revision of all rules, whole and unchangeable; exactly one is active."""

    __tablename__ = "rulesets"
    __table_args__ = (
        Index("uq_rulesets_active", "active", unique=True, postgresql_where=text("active")),
    )

    version: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    document: Mapped[dict[str, Any]]
    author: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    active: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ModelVersionRow(Row):
    """One artifact folder that can serve; at most one is active."""

    __tablename__ = "model_versions"
    __table_args__ = (
        Index("uq_model_versions_active", "active", unique=True, postgresql_where=text("active")),
    )

    version: Mapped[str] = mapped_column(primary_key=True)
    artifact_path: Mapped[str]
    labels: Mapped[list[str]]
    metrics: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    activated_at: Mapped[datetime | None]


class TrialRow(Row):
    """A model version on trial against another; at most one trial is open."""

    __tablename__ = "trials"
    __table_args__ = (
        _one_of("stage", list(TrialStage)),
        CheckConstraint("share BETWEEN 0 AND 1", name="share"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended_has_outcome"),
        Index(
            "uq_trials_open",
            text("(ended_at IS NULL)"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    version: Mapped[str] = mapped_column(ForeignKey("model_versions.version"))
    against: Mapped[str] = mapped_column(ForeignKey("model_versions.version"))
    stage: Mapped[str]
    share: Mapped[float] = mapped_column(server_default=text("0"))
    started_by: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    finding: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class ShadowDecisionRow(Row):
    """What a model version on trial would have made of a ticket; without effect."""

    __tablename__ = "shadow_decisions"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    model_version: Mapped[str] = mapped_column(primary_key=True)
    primary_department: Mapped[str]
    labels: Mapped[list[str]]
    scores: Mapped[dict[str, Any]]
    decided_at: Mapped[datetime] = mapped_column(server_default=NOW)


class DriftReportRow(Row):
    """What one drift check found. `window` names it, so that two beats check once."""

    __tablename__ = "drift_reports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    window: Mapped[str] = mapped_column(unique=True)
    model_version: Mapped[str] = mapped_column(ForeignKey("model_versions.version"))
    since: Mapped[datetime]
    until: Mapped[datetime]
    tickets: Mapped[int] = mapped_column(Integer)
    alerts: Mapped[int] = mapped_column(Integer)
    findings: Mapped[list[dict[str, Any]]]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ThresholdSetRow(Row):
    """The thresholds and levels of labels behind a `thresholds_version`.

    So a decision can be made again when its artifact and those levels are gone.
    """

    __tablename__ = "threshold_sets"

    version: Mapped[str] = mapped_column(primary_key=True)
    thresholds: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class TicketKeyRow(Row):
    """The natural key of a ticket: narrow, unpartitioned, so that it is unique for ever."""

    __tablename__ = "ticket_keys"

    source: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID]


class TicketRow(Row):
    """Where a ticket is on its way. Narrow, because every claim and decision rewrites it.

    `claim_token` is the fence: only who holds the newest token may finish the ticket.
    `due_at` orders claims (`core.urgency`). `rescore` marks a decision of a lower rung that waits
    for the model.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        _one_of("state", list(TicketState)),
        CheckConstraint(
            "(state = 'claimed') = (claimed_by IS NOT NULL AND lease_until IS NOT NULL)",
            name="claim_complete",
        ),
        Index("ix_tickets_waiting", "due_at", "next_at", postgresql_where=_WAITS),
        Index("ix_tickets_claimed", "claimed_by", postgresql_where=text("state = 'claimed'")),
        Index("ix_tickets_quarantined", "id", postgresql_where=text("state = 'quarantined'")),
        Index("ix_tickets_rescore", "id", postgresql_where=text("rescore")),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    external_id: Mapped[str]
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    state: Mapped[str] = mapped_column(server_default=TicketState.ACCEPTED)
    content_hash: Mapped[bytes]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    claim_token: Mapped[int | None] = mapped_column(BigInteger)
    claimed_by: Mapped[int | None]
    lease_until: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(server_default=NOW)
    due_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    rescore: Mapped[bool] = mapped_column(server_default=text("false"))
    error: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)
    decided_at: Mapped[datetime | None]


class TicketContentRow(Row):
    """What a ticket said, one row a revision. Text is here and nowhere else."""

    __tablename__ = "ticket_contents"
    __table_args__ = (
        Index(
            "ix_ticket_contents_customer",
            "customer",
            postgresql_where=text("customer IS NOT NULL"),
        ),
        Index(
            "ix_ticket_contents_labelled",
            "ticket_id",
            postgresql_where=text("labels IS NOT NULL"),
        ),
        {"postgresql_partition_by": "RANGE (ticket_id)"},
    )

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject: Mapped[str]
    body: Mapped[str]
    channel: Mapped[str | None]
    language: Mapped[str | None]
    customer: Mapped[str | None]
    priority: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", server_default="{}")
    created_at: Mapped[datetime | None]
    deadline: Mapped[datetime | None]
    labels: Mapped[list[str] | None]


class _DecisionColumns:
    """What the standing decision and its superseded forerunners have in common."""

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    primary_department: Mapped[str]
    collaborators: Mapped[list[str]]
    labels: Mapped[list[str]]
    reason: Mapped[str]
    rule: Mapped[str | None]
    trace: Mapped[list[dict[str, Any]]]
    scores: Mapped[dict[str, Any]]
    rung: Mapped[str]
    model_version: Mapped[str | None]
    calibration_version: Mapped[str | None]
    thresholds_version: Mapped[str | None]
    ruleset_version: Mapped[int] = mapped_column(BigInteger)
    input_hash: Mapped[bytes]
    claim_token: Mapped[int] = mapped_column(BigInteger)
    decided_at: Mapped[datetime] = mapped_column(server_default=NOW)
    preselected: Mapped[list[str]] = mapped_column(server_default="{}")
    suggested: Mapped[list[str]] = mapped_column(server_default="{}")


class DecisionRow(_DecisionColumns, Row):
    """The one standing decision of a ticket's revision; the primary key keeps it one."""

    __tablename__ = "decisions"
    __table_args__ = (
        _one_of("rung", list(Rung)),
        {"postgresql_partition_by": "RANGE (ticket_id)"},
    )


class DecisionHistoryRow(_DecisionColumns, Row):
    """Decisions that a re-scoring or a replay replaced, each under the token that made it."""

    __tablename__ = "decision_history"
    __table_args__ = (
        Index("ix_decision_history_ticket", "ticket_id"),
        {"postgresql_partition_by": "RANGE (ticket_id)"},
    )

    claim_token: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    superseded_at: Mapped[datetime] = mapped_column(server_default=NOW)


class CorrectionRow(Row):
    """What an agent said about a decision. Append-only; a later one supersedes.

    `final` marks what stood when the ticket was closed in the helpdesk. `given_at` is when the
    agent said it, which orders what stands; `created_at` is when we heard of it.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        _one_of("kind", list(FeedbackKind)),
        Index("ix_corrections_ticket", "ticket_id", "created_at"),
        Index("ix_corrections_created", "created_at"),
        Index(
            "ix_corrections_withdrawn", "supersedes", postgresql_where=text("kind = 'withdrawn'")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID]
    revision: Mapped[int]
    kind: Mapped[str]
    labels: Mapped[list[str] | None]
    department: Mapped[str | None]
    agent: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    final: Mapped[bool] = mapped_column(server_default=text("false"))
    supersedes: Mapped[UUID | None] = mapped_column(ForeignKey("corrections.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    given_at: Mapped[datetime] = mapped_column(server_default=NOW)


class CorrectionReviewRow(Row):
    """A correction that is kept from training until a person has looked at it."""

    __tablename__ = "correction_reviews"
    __table_args__ = (_one_of("verdict", list(Verdict)),)

    correction_id: Mapped[UUID] = mapped_column(ForeignKey("corrections.id"), primary_key=True)
    reason: Mapped[str]
    verdict: Mapped[str] = mapped_column(server_default=Verdict.HELD)
    settled_by: Mapped[str | None]
    held_at: Mapped[datetime] = mapped_column(server_default=NOW)
    settled_at: Mapped[datetime | None]


class ReviewItemRow(Row):
    """What waits for a person: a decision with all reasons at once, or a held correction.

    One row for each ticket and revision, and one for each correction, for ever: so what a person
    resolved cannot come back. A claim stands until its lease ends.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        _one_of("outcome", list(ReviewOutcome)),
        CheckConstraint("cardinality(reasons) > 0", name="has_reason"),
        CheckConstraint("uncertainty BETWEEN 0 AND 1", name="uncertainty"),
        CheckConstraint("(outcome IS NULL) = (resolved_at IS NULL)", name="resolved_has_outcome"),
        CheckConstraint("(claimed_by IS NULL) = (lease_until IS NULL)", name="claim_complete"),
        Index(
            "uq_review_items_decision",
            "ticket_id",
            "revision",
            unique=True,
            postgresql_where=text("correction_id IS NULL"),
        ),
        Index("ix_review_items_ticket", "ticket_id", postgresql_where=_OPEN_ITEM),
        Index("ix_review_items_due", "due_at", "id", postgresql_where=_OPEN_ITEM),
        Index(
            "ix_review_items_audit",
            text("('audit' = ANY (reasons)) DESC"),
            "due_at",
            "id",
            postgresql_where=_OPEN_ITEM,
        ),
        Index("ix_review_items_uncertainty", "uncertainty", postgresql_where=_OPEN_ITEM),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[UUID]
    revision: Mapped[int]
    correction_id: Mapped[UUID | None] = mapped_column(ForeignKey("corrections.id"), unique=True)
    reasons: Mapped[list[str]]
    uncertainty: Mapped[float]
    due_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    outcome: Mapped[str | None]
    resolved_by: Mapped[str | None]
    resolved_at: Mapped[datetime | None]


class SnapshotRow(Row):
    """An immutable data set in a folder of its own; the id is the hash of its rows."""

    __tablename__ = "dataset_snapshots"

    id: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str]
    summary: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class TrainingRunRow(Row):
    """One training, from the trigger to the gate. At most one runs at a time.

    `window` names what triggered it, so that two beats ask for one run. `token` is the fence:
    only the trainer that holds the newest may say how the run ended.
    """

    __tablename__ = "training_runs"
    __table_args__ = (
        _one_of("state", list(RunState)),
        CheckConstraint(
            "(state = 'running') = (lease_until IS NOT NULL)", name="running_has_lease"
        ),
        Index(
            "uq_training_runs_running",
            "state",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_training_runs_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    window: Mapped[str] = mapped_column(unique=True)
    trigger: Mapped[str]
    reason: Mapped[str]
    requested_by: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=RunState.QUEUED)
    token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    lease_until: Mapped[datetime | None]
    progress: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    snapshot_id: Mapped[str | None] = mapped_column(ForeignKey("dataset_snapshots.id"))
    candidate: Mapped[str | None] = mapped_column(ForeignKey("model_versions.version"))
    outcome: Mapped[str | None]
    gate: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class OutboxRow(Row):
    """Events, written in the transaction of what they tell. The id is stable over redeliveries."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_ticket", "ticket_id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[str]
    ticket_id: Mapped[UUID | None]
    revision: Mapped[int | None]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class WebhookEndpointRow(Row):
    """Where events go, whether it takes them, and how it fared lately.

    `kind` says what sends: `webhook`, or a helpdesk. `target` is a URL, or whatever that kind calls
    its place. Secrets are as `core.sealing` keeps them. `failures` counts those in a row, and until
    `open_until` nothing is sent; no further attempt is made beside one that then tries it again.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        _one_of("state", ["active", "paused", "disabled"]),
        CheckConstraint("concurrency BETWEEN 1 AND 4", name="concurrency"),
        CheckConstraint("(failures = 0) = (failing_since IS NULL)", name="failing_since_failures"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(server_default="webhook")
    target: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    events: Mapped[list[str]]
    concurrency: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))
    state: Mapped[str] = mapped_column(server_default="active")
    why: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    secret: Mapped[str | None]
    old_secret: Mapped[str | None]
    old_secret_until: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    deleted_at: Mapped[datetime | None]
    delivered: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    delivered_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failing_since: Mapped[datetime | None]
    open_until: Mapped[datetime | None]


class DeliveryRow(Row):
    """One event on its way to one endpoint; a trigger on the outbox makes it.

    `next_at` is when it may be taken: a waiting one for its next attempt, one that is being sent
    when its lease is over. `token` is the fence. `since` is when it was tried first.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        _one_of("state", ["waiting", "sending", "delivered", "dead"]),
        CheckConstraint(
            "(state IN ('delivered', 'dead')) = (done_at IS NOT NULL)", name="done_when_over"
        ),
        Index("ix_deliveries_log", "endpoint_id", "id"),
        Index("ix_deliveries_ticket", "ticket_id"),
        Index("ix_deliveries_created", "created_at"),
        Index(
            "ix_deliveries_open",
            "endpoint_id",
            "next_at",
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
        Index("ix_deliveries_dead", "endpoint_id", "id", postgresql_where=text("state = 'dead'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(Integer)  # no key: deciding tickets must lock nothing
    event_id: Mapped[UUID]
    event: Mapped[str]
    ticket_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    token: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(server_default=NOW)
    since: Mapped[datetime] = mapped_column(server_default=NOW)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    done_at: Mapped[datetime | None]


class DeliveryAttemptRow(Row):
    """One try to deliver, and what was answered: up to 1,000 characters."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("ix_delivery_attempts_delivery", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("deliveries.id", ondelete="CASCADE")
    )
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    status: Mapped[int | None]
    ms: Mapped[int]
    error: Mapped[str] = mapped_column(server_default="")
    answer: Mapped[str] = mapped_column(server_default="")


class ExplanationRow(Row):
    """What carried the scores of a ticket's revision by one model version, for people who ask.

    It holds places in the text and never the text. `model_version` is "" where the rung has none.
    """

    __tablename__ = "explanations"
    __table_args__ = (
        _one_of("state", ["asked", "made", "failed"]),
        CheckConstraint(
            "state <> 'made' OR (result IS NOT NULL AND made_at IS NOT NULL)",
            name="made_has_result",
        ),
        Index("ix_explanations_waiting", "asked_at", postgresql_where=text("state = 'asked'")),
        Index("ix_explanations_asked_at", "asked_at"),
    )

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    model_version: Mapped[str] = mapped_column(primary_key=True)
    rung: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default="asked")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    lease_until: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=NOW)
    made_at: Mapped[datetime | None]


class DeadLetterRow(Row):
    """A submission that was refused, kept with the reason so that nothing is lost."""

    __tablename__ = "dead_letters"
    __table_args__ = (Index("ix_dead_letters_received", "received_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source: Mapped[str]
    field: Mapped[str]
    error: Mapped[str]
    payload: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)


class WorkerRow(Row):
    """A worker process: what it serves and what it counted. That it lives, its lock says."""

    __tablename__ = "workers"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    device: Mapped[str]
    rung: Mapped[str]
    model_version: Mapped[str | None]
    ruleset_version: Mapped[int | None] = mapped_column(BigInteger)
    counters: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ApiTokenRow(Row):
    """Who may call the API as what. The secret itself is nowhere; its hash finds the row.

    A name is free again once its token was revoked.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (
        _one_of("role", list(Role)),
        Index(
            "uq_api_tokens_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    scopes: Mapped[list[str] | None]
    old_secret_hash: Mapped[bytes | None] = mapped_column(unique=True)
    old_secret_until: Mapped[datetime | None]
    sources: Mapped[list[str] | None]


class PersonRow(Row):
    """Who may sign in: with a password, through an OpenID provider, or both.

    `version` grows with each change that people make, for `If-Match`.
    """

    __tablename__ = "people"
    __table_args__ = (
        _one_of("role", list(Role)),
        CheckConstraint("(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name="oidc_complete"),
        Index("uq_people_name", text("lower(name)"), unique=True),
        Index("uq_people_oidc", "oidc_issuer", "oidc_subject", unique=True),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    failed_attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    locked_until: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    signed_in_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class SessionRow(Row):
    """A browser that somebody signed in with. The cookie's value is nowhere but in that browser."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_person", "person_id"),)

    secret_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)


class IdempotencyKeyRow(Row):
    """What a request was answered, for the same request sent again by the same caller."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("num_nonnulls(token_id, person_id) = 1", name="one_caller"),
        Index("uq_idempotency_keys_token", "token_id", "key", unique=True),
        Index("uq_idempotency_keys_person", "person_id", "key", unique=True),
        Index("ix_idempotency_keys_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("api_tokens.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    key: Mapped[str]
    request_hash: Mapped[bytes]
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # keeps the order of fields
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class InstallationSecretRow(Row):
    """What hashes of erased things are keyed with; one row, made by the migration."""

    __tablename__ = "installation_secret"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    value: Mapped[bytes]


class ErasureRow(Row):
    """One erasure and its receipt: what was removed, and from which files. No personal data.

    `subject_hash` is keyed (`store.erasure.exclusions`): it knows the same subject again.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        _one_of("scope", list(ErasureScope)),
        CheckConstraint("files_done_at IS NULL OR rows_done_at IS NOT NULL", name="in_order"),
        Index("ix_erasures_subject", "subject_hash"),
        Index(
            "uq_erasures_open",
            "subject_hash",
            unique=True,
            postgresql_where=text("rows_done_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[str]
    subject_hash: Mapped[bytes]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=NOW)
    tickets: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    removed: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    rows_done_at: Mapped[datetime | None]
    files: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    files_done_at: Mapped[datetime | None]


class ErasedTicketRow(Row):
    """A ticket that was erased, and its natural key as a keyed hash, so that it stays away."""

    __tablename__ = "erased_tickets"
    __table_args__ = (Index("ix_erased_tickets_erasure", "erasure_id"),)

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasures.id"))
    key_hash: Mapped[bytes] = mapped_column(unique=True)


class ErasedTextRow(Row):
    """The keyed hash of a text that was erased, so that no data set holds it again."""

    __tablename__ = "erased_texts"

    text_hash: Mapped[bytes] = mapped_column(primary_key=True)
    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasures.id"), primary_key=True)


class RetentionRow(Row):
    """How far the retention of one kind of data has come, and how much it has dropped."""

    __tablename__ = "retention"

    what: Mapped[str] = mapped_column(primary_key=True)
    done_until: Mapped[UUID | None]
    dropped: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    at: Mapped[datetime] = mapped_column(server_default=NOW)


class AuditRow(Row):
    """Who changed what. Append-only, by a trigger too; `store.access.audit` chains the hashes."""

    __tablename__ = "audit_log"
    __table_args__ = (
        UniqueConstraint("previous"),
        Index("ix_audit_log_actor", "actor", "id"),
        Index("ix_audit_log_action", "action", "id"),
        Index("ix_audit_log_area", text("split_part(action, '.', 1)"), "id"),
        Index("ix_audit_log_subject", "subject", "id"),
        Index("ix_audit_log_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    previous: Mapped[bytes]
    hash: Mapped[bytes]


class ProposalRow(Row):
    """A change that waits, or waited, for a second person."""

    __tablename__ = "proposals"
    __table_args__ = (
        _one_of("verdict", list(ProposalVerdict)),
        CheckConstraint(
            "verdict IS DISTINCT FROM 'approved' OR decided_by <> proposed_by", name="two_people"
        ),
        CheckConstraint(
            "(verdict IS NULL) = (decided_by IS NULL) AND (verdict IS NULL) = (decided_at IS NULL)",
            name="decided_whole",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    change: Mapped[str]
    body: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(server_default="")
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime] = mapped_column(server_default=NOW)
    verdict: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")


class HelpdeskConnectionRow(Row):
    """A helpdesk that sends tickets, or is asked for them, and what is written back into it.

    `teams` tells what the helpdesk calls a department; `writes` what we write there. `secrets`
    sign what it sends, newest first; `token` opens its API. `version` grows with each change that
    people make, for `If-Match`.
    """

    __tablename__ = "helpdesk_connections"
    __table_args__ = (_one_of("kind", list(HelpdeskKind)),)

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    base_url: Mapped[str | None]
    account: Mapped[str | None]
    service_user: Mapped[str | None]
    labels_field: Mapped[str | None]
    secrets: Mapped[list[str]] = mapped_column(server_default="{}")
    token: Mapped[str | None]
    mapping: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    teams: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    writes: Mapped[list[str]] = mapped_column(server_default="{}")
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    polled_to: Mapped[int | None] = mapped_column(BigInteger)
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class HelpdeskTicketRow(Row):
    """Where a ticket was last seen in its helpdesk, and what we wrote there.

    `said_at` is when its first message was written and `content_at` when that was last changed,
    `placed_at` when its team or tags were; all by the helpdesk's clock. `first_team` is where it
    lay before we or its agents moved it. While `writing`, what we wrote last may or may not have
    arrived. `noted` is the event whose reason was told; `correction_id` the last word of an agent.
    """

    __tablename__ = "helpdesk_tickets"
    __table_args__ = (Index("ix_helpdesk_tickets_ticket_id", "ticket_id"),)

    connection: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID | None]
    said_at: Mapped[datetime | None]
    content_at: Mapped[datetime | None]
    first_at: Mapped[datetime | None]
    first_team: Mapped[str | None]
    placed_at: Mapped[datetime | None]
    team: Mapped[str | None]
    tags: Mapped[list[str] | None]
    wrote_team: Mapped[str | None]
    wrote_tags: Mapped[list[str] | None]
    writing: Mapped[bool] = mapped_column(server_default=text("false"))
    noted: Mapped[UUID | None]
    correction_id: Mapped[UUID | None]


class HelpdeskDeliveryRow(Row):
    """What a delivery of a helpdesk was answered, for the same delivery sent again."""

    __tablename__ = "helpdesk_deliveries"
    __table_args__ = (Index("ix_helpdesk_deliveries_received_at", "received_at"),)

    connection: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)


class DeclinedSuggestionRow(Row):
    """A suggested rule that somebody does not want; the key says nothing of it."""

    __tablename__ = "declined_suggestions"

    key: Mapped[str] = mapped_column(primary_key=True)
    declined_by: Mapped[str]
    declined_at: Mapped[datetime] = mapped_column(server_default=NOW)


class StaleHourRow(Row):
    """A mark on an hour of arrival whose counts do not stand; triggers leave it.

    See `store.figures.hour_counts`. One row a statement and hour, never updated, so that no two
    transactions wait for each other.
    """

    __tablename__ = "stale_hours"
    __table_args__ = (Index("ix_stale_hours_hour", "hour"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    hour: Mapped[datetime]


class HourCountRow(Row):
    """Decisions on tickets that arrived in an hour, told apart `by` something; without texts."""

    __tablename__ = "hour_counts"

    by: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    tickets: Mapped[int] = mapped_column(Integer)
    covered: Mapped[int] = mapped_column(Integer)
    automatic: Mapped[int] = mapped_column(Integer)
    drawn: Mapped[int] = mapped_column(Integer)


class HourLabelsRow(Row):
    """Labels that people gave to so many tickets that arrived in an hour; by word or by import."""

    __tablename__ = "hour_labels"
    __table_args__ = (Index("ix_hour_labels_hour", "hour"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    hour: Mapped[datetime]
    labels: Mapped[list[str]]
    corrected: Mapped[bool]
    tickets: Mapped[int] = mapped_column(Integer)


class HourWordRow(Row):
    """What people said of so many decisions on tickets that arrived in an hour; not who said it.

    `language` and `channel` are NULL where the ticket's content is gone.
    """

    __tablename__ = "hour_words"
    __table_args__ = (Index("ix_hour_words_hour", "hour"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    hour: Mapped[datetime]
    day: Mapped[str]
    version: Mapped[str]
    language: Mapped[str | None]
    channel: Mapped[str | None]
    department: Mapped[str]
    outcome: Mapped[str]
    predicted: Mapped[list[str]]
    truth: Mapped[list[str] | None]
    is_moved: Mapped[bool]
    is_drawn: Mapped[bool]
    tickets: Mapped[int] = mapped_column(Integer)


class ImportRow(Row):
    """Old tickets that came under one name, and what became of them; `store.queue.imports`."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]
    format: Mapped[str]
    started_by: Mapped[str]
    rows: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    outcomes: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    refused: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    reasons: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ImportedContentRow(Row):
    """The hash of what an imported ticket says and is labelled, so that it comes in once."""

    __tablename__ = "imported_contents"
    __table_args__ = (Index("ix_imported_contents_ticket", "ticket_id"),)

    content_hash: Mapped[bytes] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID]


class TicketSketchRow(Row):
    """What a decided ticket said, without its words, for storms to be seen; kept for an hour.

    Unlogged: a crash of the database costs what it would have told of that hour.
    """

    __tablename__ = "ticket_sketches"
    __table_args__ = (
        Index("ix_ticket_sketches_ticket", "ticket_id"),
        {"prefixes": ["UNLOGGED"]},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[UUID]
    sketch: Mapped[bytes]
    noted_at: Mapped[datetime] = mapped_column(server_default=NOW)


class IncidentRow(Row):
    """A storm of tickets that say nearly the same; `sketch` is what they are like.

    `policies` are the rules and thresholds by which its first tickets were decided last.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("closed_by IS NULL OR closed_at IS NOT NULL", name="closed_whole"),
        Index("ix_incidents_open", "id", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    department: Mapped[str]
    labels: Mapped[list[str]]
    policies: Mapped[list[str]]
    sketch: Mapped[bytes]
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]


class IncidentTicketRow(Row):
    """A ticket that is part of an incident; of one, for ever."""

    __tablename__ = "incident_tickets"
    __table_args__ = (Index("ix_incident_tickets_incident", "incident_id", "ticket_id"),)

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"))
    joined_at: Mapped[datetime] = mapped_column(server_default=NOW)


class LabelReportRow(Row):
    """What one look at the labels found: tickets that none fits, and labels that overlap.

    `window` names the look, so that two trainers that look at once keep one.
    """

    __tablename__ = "label_reports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    window: Mapped[str] = mapped_column(unique=True)
    model_version: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]
    tickets: Mapped[int] = mapped_column(Integer)
    gaps: Mapped[list[dict[str, Any]]]
    overlaps: Mapped[list[dict[str, Any]]]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class LabelVerdictRow(Row):
    """What a person said of a gap or an overlap; it is not shown again."""

    __tablename__ = "label_verdicts"

    key: Mapped[str] = mapped_column(primary_key=True)
    terms: Mapped[list[str]]
    label: Mapped[str | None]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(server_default=NOW)


PARTITIONED = {
    TicketRow.__tablename__: "id",
    TicketContentRow.__tablename__: "ticket_id",
    DecisionRow.__tablename__: "ticket_id",
    DecisionHistoryRow.__tablename__: "ticket_id",
    OutboxRow.__tablename__: "id",
}
