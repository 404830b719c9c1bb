"""One round of the demo: tickets through Redis, their decisions as they come, and the books."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from broker.app import make_producer_app
from broker.client import submit
from classifier.artifacts import Artifact
from cli.demo.stage import Stage
from cli.tickets.decision_lines import decision_line
from core.ticket_json import ticket_object
from core.types import Ticket
from store.decided.records import DecidedTicket, decisions_of
from store.engine import transaction
from store.ledger import decided_ids, ledger

STALLED_AFTER_S = 120.0
_POLL_S = 0.1
_PUBLISH_TIMEOUT_S = 5.0
_MESSAGES = 6
_DEPARTMENTS_TOLD = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What was sent, and how long it took from the first message to the last decision."""

    source: str
    sent: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the demo ends with.

    Attributes:
        lost: tickets sent that have no decision.
        duplicate_decisions: decisions beyond one for a ticket and revision.
        micro_f1: of the model on tickets that nothing was chosen on; so are the next two.
        linear_macro_f1: of the linear model on the same tickets.
        seconds: from sending to the last decision.
    """

    tickets_sent: int
    decided: int
    lost: int
    duplicate_decisions: int
    by_department: Mapping[str, int]
    by_rung: Mapping[str, int]
    micro_f1: float
    macro_f1: float
    linear_macro_f1: float
    seconds: float
    tickets_per_s: float
    model_version: str
    console_url: str

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost and nothing decided twice."""
        return not self.lost and not self.duplicate_decisions

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def send_and_watch(stage: Stage, tickets: Sequence[Ticket]) -> Round:
    """Sends tickets as a helpdesk would and prints each decision; a new source every time.

    It stops watching when nothing was decided for two minutes.

    Raises:
        Transient: Redis or the database is away.
    """
    source = f"demo-{secrets.token_hex(4)}"
    app = make_producer_app(stage.instance.services.redis_url, publish_timeout_s=_PUBLISH_TIMEOUT_S)
    per_message = min(stage.settings.message_tickets, len(tickets) // _MESSAGES + 1)
    began = time.monotonic()
    submit(app, [ticket_object(t) for t in tickets], source=source, per_message=per_message)
    ended = _watch(stage, source, len(tickets))
    return Round(source=source, sent=len(tickets), seconds=ended - began)


def close_books(stage: Stage, played: Round, artifact: Artifact) -> Summary:
    """Counts in the database what became of a round, and reads what the model is worth.

    Raises:
        ArtifactInvalid: the metrics are missing.
    """
    books = transaction(stage.engine, lambda c: ledger(c, source=played.source))
    metrics = artifact.read_json("metrics.json")
    return Summary(
        tickets_sent=played.sent,
        decided=books.decided,
        lost=played.sent - books.decided,
        duplicate_decisions=books.duplicate_decisions,
        by_department=books.by_department,
        by_rung=books.by_rung,
        micro_f1=round(metrics["micro_f1"], 4),
        macro_f1=round(metrics["macro_f1"], 4),
        linear_macro_f1=round(metrics["linear"]["macro_f1"], 4),
        seconds=round(played.seconds, 3),
        tickets_per_s=round(books.decided / played.seconds, 1),
        model_version=artifact.version,
        console_url=stage.instance.console_url,
    )


def summary_lines(summary: Summary) -> list[str]:
    """The summary for people."""
    departments = [f"{name} {count}" for name, count in summary.by_department.items()]
    if len(departments) > _DEPARTMENTS_TOLD:
        departments[_DEPARTMENTS_TOLD:] = [f"and {len(departments) - _DEPARTMENTS_TOLD} more"]
    rungs = [f"{name} {count}" for name, count in summary.by_rung.items()]
    return [
        "",
        f"{summary.decided} of {summary.tickets_sent} tickets decided in {summary.seconds:.1f} s "
        f"({summary.tickets_per_s:.0f} a second), {summary.lost} lost, "
        f"{summary.duplicate_decisions} decided twice",
        f"Departments: {', '.join(departments)}",
        f"Scored by: {', '.join(rungs)}",
        f"Model {summary.model_version} on tickets it has not seen: micro-F1 "
        f"{summary.micro_f1:.3f}, macro-F1 {summary.macro_f1:.3f} "
        f"(linear model {summary.linear_macro_f1:.3f})",
    ]


def _watch(stage: Stage, source: str, expected: int) -> float:
    """Prints decisions as they come; returns the monotonic time of the last."""
    seen: set[UUID] = set()
    last = time.monotonic()
    while len(seen) < expected and time.monotonic() - last < STALLED_AFTER_S:
        stage.tick()
        for decided in _new_decisions(stage, source, seen):
            stage.output.say(decision_line(decided))
            seen.add(decided.id)
            last = time.monotonic()
        time.sleep(_POLL_S)
    if len(seen) < expected:
        logs = stage.settings.state_dir / "logs"
        stage.output.say(f"Nothing was decided for {STALLED_AFTER_S:.0f} s; see {logs}")
    return last


def _new_decisions(stage: Stage, source: str, seen: set[UUID]) -> list[DecidedTicket]:
    decided = transaction(stage.engine, lambda c: decided_ids(c, source=source)) - seen
    return transaction(stage.engine, lambda c: decisions_of(c, list(decided))) if decided else []
