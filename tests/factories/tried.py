"""Decisions of several versions and what agents said of them, an hour ago."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from core.types import Decision, FeedbackKind
from store.decided.decisions import finish
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.models import model_versions
from store.models.trial_evidence import keep_shadows
from store.queue import workers
from store.queue.claims import claim
from store.queue.tickets import accept
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.values import finished, tickets

LABELS = ("delivery", "refund")


def know_versions(engine: Engine, *versions: str) -> None:
    """Registers versions without files, the labels that they know, and `orders`."""

    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])
        taxonomy.add_departments(connection, [Department(name="orders")])
        for version in versions:
            model_versions.register(
                connection, version=version, path=Path("/nowhere"), labels=LABELS, metrics={}
            )

    transaction(engine, work)


def decide_by(engine: Engine, version: str, count: int, *, prefix: str = "") -> list[Decision]:
    """New tickets that a version decided: `delivery`, to `orders`."""

    def work(connection: Connection) -> list[Decision]:
        worker = workers.register(connection, host="h", pid=1, device="cpu", rung="model")
        given = tickets(count, prefix=prefix or version)
        ids = [entry.id for entry in accept(connection, given, source="live")]
        claims = claim(connection, worker=worker, most=count, lease_s=60, ids=ids)
        made = [_by(version, finished(each).decision) for each in claims]
        finish(
            connection,
            [replace(finished(each), decision=d) for each, d in zip(claims, made, strict=True)],
        )
        return made

    return transaction(engine, work)


def shadow_by(
    engine: Engine, version: str, decisions: Sequence[Decision], *, labels: tuple[str, ...]
) -> None:
    """What a version on trial would have made of decided tickets."""
    made = [replace(_by(version, d), routing=replace(d.routing, labels=labels)) for d in decisions]
    transaction(engine, lambda c: keep_shadows(c, made))


def say(
    engine: Engine,
    decisions: Sequence[Decision],
    kind: FeedbackKind,
    *,
    labels: Sequence[str] | None = None,
    department: str | None = None,
    after_s: float = 60,
) -> list[UUID]:
    """Feedback on tickets, so many seconds after each was decided."""

    def work(connection: Connection) -> list[UUID]:
        given = [
            corrections.give(
                connection,
                Feedback(
                    ticket_id=decision.ticket_id,
                    kind=kind,
                    agent="anna",
                    labels=labels,
                    department=department,
                ),
            )
            for decision in decisions
        ]
        connection.execute(
            text(
                "UPDATE corrections c SET created_at = d.decided_at + make_interval(secs => :s) "
                "FROM decisions d WHERE d.ticket_id = c.ticket_id AND c.id = ANY(:ids)"
            ),
            {"s": after_s, "ids": given},
        )
        return given

    return transaction(engine, work)


def overrule(engine: Engine, decisions: Sequence[Decision]) -> list[UUID]:
    return say(engine, decisions, FeedbackKind.WRONG_LABEL, labels=["refund"])


def confirm(engine: Engine, decisions: Sequence[Decision]) -> list[UUID]:
    return say(engine, decisions, FeedbackKind.CONFIRMED)


def let_an_hour_pass(engine: Engine) -> None:
    """Moves everything that trials go by an hour into the past."""
    with engine.begin() as connection:
        for table, column in (
            ("decisions", "decided_at"),
            ("shadow_decisions", "decided_at"),
            ("corrections", "created_at"),
            ("trials", "started_at"),
        ):
            connection.execute(
                text(f"UPDATE {table} SET {column} = {column} - make_interval(hours => 1)")
            )


def _by(version: str, decision: Decision) -> Decision:
    return replace(decision, versions=replace(decision.versions, model=version))
