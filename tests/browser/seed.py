"""A helpdesk with everything that a page can show, made by the functions that people's doors call.

Names and texts that would run as scripts stand among the sample shop's own.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, Engine, text

from classifier.artifacts import Artifact
from cli.demo.plan import SAMPLES, make_plan
from core.events import EventName
from core.sealing import Box
from core.ticket_json import parse_ticket
from core.types import Automation, FeedbackKind, HelpdeskKind, LabelLevel, Role, Ticket
from router.ruleset import ruleset_object
from store.access import proposals
from store.delivery import webhook_endpoints
from store.delivery.webhook_endpoints import EndpointState, Wanted
from store.engine import transaction
from store.erasure import erasures
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.labels import label_requests
from store.models import model_versions, training_runs
from store.queue import tickets
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.browser.hostile import NAME, PAYLOADS
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.callers import a_person
from tests.factories.helpdesks import connect
from trainer.operating.curves import measure_curves

SOURCE = "shop"
RIGHT_TO_LEFT = "שלום, הזמנתי מוצר ABC-200 לפני שבועיים והוא עדיין לא הגיע!"
_SAMPLES = 60
_TRIED = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Two versions: one that serves, one that the gate kept back."""

    serving: str
    other: str


def person(role: Role) -> str:
    """The name by which the person of a role signs in."""
    return f"{role}@example.com"


def seed(engine: Engine, folder: Path) -> Models:
    """Words, people, models and what waits; a worker decides the tickets afterwards."""
    for role in Role:
        a_person(engine, person(role), role)
    transaction(engine, _add_words)
    labels = [label.name for label in transaction(engine, taxonomy.labels)]
    made = [_register(engine, folder / f"model-{n}", labels, n) for n in (1, 2)]
    transaction(engine, lambda c: _train(c, made[0], made[1]))
    transaction(engine, _add_webhook)
    connect(engine, HelpdeskKind.ZAMMAD, mapping={"subject": "ticket.topic"}, service_user=NAME)
    transaction(engine, lambda c: tickets.accept(c, _tickets(), source=SOURCE))
    return Models(serving=made[0], other=made[1])


def correct_some(engine: Engine) -> None:
    """What people say of decided tickets, a change of labels and one that needs a second person."""
    transaction(engine, _say)
    friendly = text("SELECT id FROM tickets WHERE external_id NOT LIKE 'x-%' ORDER BY id LIMIT 1")
    gone = transaction(engine, lambda c: c.execute(friendly).scalar_one())
    erasures.erase(engine, gone, by=NAME)


def remember(engine: Engine) -> None:
    """The labelled past of the sample shop, from which a trainer learns."""
    lines = (SAMPLES / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    past = [parse_ticket(json.loads(line)) for line in lines]
    transaction(engine, lambda c: tickets.import_labelled(c, past, source="past"))


def _add_words(connection: Connection) -> None:
    plan = make_plan(None)
    hostile = Label(name=NAME, description=PAYLOADS[0], guidelines=PAYLOADS[1])
    taxonomy.add_labels(connection, [*plan.labels, hostile])
    taxonomy.add_departments(connection, [*plan.departments, Department(name=NAME)])
    shown = LabelLevel(automation=Automation.SUGGEST)
    taxonomy.set_level(connection, "warranty", shown, actor=NAME, measured_on=None)
    rules = ruleset_object(plan.ruleset)
    rulesets.save(connection, rules, author=person(Role.OPS), note="for the shop")
    rules["rules"][0]["then"]["collaborators"] = [NAME]
    rulesets.save(connection, rules, author=NAME, note=PAYLOADS[0])


def _add_webhook(connection: Connection) -> None:
    """One that is paused, so that what happens waits for it."""
    wanted = Wanted(
        target="https://hooks.example.com/pointsman",
        events=[EventName.TICKET_ROUTED, EventName.RULES_CHANGED],
        description=PAYLOADS[0],
    )
    made = webhook_endpoints.add(connection, wanted, Box(None), by=NAME).endpoint
    webhook_endpoints.stop(connection, made, EndpointState.PAUSED, "by hand", by=NAME)


def _register(engine: Engine, path: Path, labels: list[str], seed_: int) -> str:
    chance = np.random.default_rng(seed_)
    scores = chance.beta(0.3, 0.6, (_TRIED, len(labels)))
    truth = (chance.random(scores.shape) < scores).astype(np.uint8)
    curves = measure_curves(truth, scores, labels)
    artifact = build_tiny_artifact(path, labels, seed_, also=curves.save)
    transaction(engine, lambda c: _keep(c, artifact))
    return artifact.version


def _keep(connection: Connection, artifact: Artifact) -> None:
    model_versions.register(
        connection,
        version=artifact.version,
        path=artifact.path,
        labels=artifact.labels,
        metrics=_metrics(artifact.labels),
    )


def _metrics(labels: tuple[str, ...]) -> dict[str, Any]:
    whole = {"micro_f1": 0.8, "macro_f1": 0.7, "weighted_f1": 0.8, "subset_accuracy": 0.5}
    each = {"precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 40}
    linear = {"micro_f1": 0.61, "macro_f1": 0.52}
    per_label = dict.fromkeys(labels, each)
    return {**whole, "ece": 0.02, "n": 90, "per_label": per_label, "linear": linear}


def _train(connection: Connection, serving: str, other: str) -> None:
    model_versions.activate(connection, serving, actor="demo")
    training_runs.ask(connection, reason="new labels", by=NAME)
    run = training_runs.claim(connection, lease_s=60)
    assert run is not None
    check = {"name": "macro", "passed": False, "required": True, "sentence": PAYLOADS[0]}
    gate = {"decision": "rejected", "reason": "Worse.", "checks": [check], "against": serving}
    training_runs.succeed(connection, run, candidate=other, outcome="rejected", gate=gate)


def _tickets() -> list[Ticket]:
    lines = (SAMPLES / "tickets.jsonl").read_text(encoding="utf-8").splitlines()[:_SAMPLES]
    friendly = [replace(parse_ticket(json.loads(line)), labels=None) for line in lines]
    hostile = [
        Ticket(id=f"x-{n}", subject=each, body=f"{each}\n{each}", channel=each[:40], customer=NAME)
        for n, each in enumerate(PAYLOADS)
    ]
    return [*hostile, *friendly, Ticket(id="sample-rtl", subject=RIGHT_TO_LEFT, body=RIGHT_TO_LEFT)]


def _say(connection: Connection) -> None:
    for ticket, label in zip(_decided(connection), ("refund", "login", NAME), strict=False):
        said = Feedback(
            ticket_id=ticket,
            kind=FeedbackKind.WRONG_LABEL,
            agent=NAME,
            labels=[label],
            note=PAYLOADS[1],
        )
        corrections.give(connection, said)
    body = {"labels": {"login": {"automation": "off"}}}
    proposals.propose(connection, change="thresholds.save", body=body, note=NAME, by=NAME)
    active = model_versions.active(connection)
    assert active is not None
    asked = label_requests.ask(
        connection, {"kind": "rename"}, ruleset=2, serving=active.version, by=NAME
    )
    assert asked is not None
    taken = label_requests.claim(connection, lease_s=60)
    assert taken is not None
    label_requests.fail(connection, taken.id, "no trainer took it")


def _decided(connection: Connection) -> list[UUID]:
    """Tickets that chance did not leave to anybody, newest arrivals first."""
    rows = connection.execute(text("SELECT id FROM tickets ORDER BY received_at DESC, id LIMIT 3"))
    return list(rows.scalars())
