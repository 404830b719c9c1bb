"""P10: what an edit of the rules would have changed in 100,000 stored decisions.

The peer makes ticket after ticket again, as a dry run does; its time is that of a part of them,
scaled. The edit is of the kind that people make: one rule on a label goes to another department.
Two harder ones are in the detail: thresholds, for which every score is read, and a rule on words,
for which every text is.
"""

import json
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from core.types import LabelLevel, Routing, Rung, Ticket
from migrations.upgrade import upgrade
from router.backtest import Backtest, Proposal, again
from router.conditions import TextContains
from router.decide import decide
from router.history import backtest, stored_case
from router.policy import Policy, make_policy, policy_object
from router.rulebook import Rulebook, compile_rulebook
from router.rules_yaml import load_rules
from router.ruleset import Rule, Ruleset, ruleset_object
from store.bulk import copy_rows
from store.embedded import embedded_postgres
from store.engine import make_engine, one_moment, transaction
from store.models import model_versions
from store.partitions import first_uuid
from store.rules import rulesets

TICKETS = 100_000
PEER_TICKETS = 500
REPEATS = 3
LIMIT_S = 5.0

_BATCH = 5_000
_RULES = Path(__file__).parent.parent / "samples" / "rules.yaml"
_WORDS = ["the", "parcel", "you", "sent", "has", "a", "broken", "screen", "and", "won't", "start"]
_START = datetime.now(UTC) - timedelta(days=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """One stored decision."""

    id: UUID
    ticket: Ticket
    scores: Mapping[str, float]
    routing: Routing


def run() -> dict[str, Any]:
    """Fills an embedded database and tries edits on it."""
    ruleset = load_rules(_RULES.read_text())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # an embedded PostgreSQL started by root runs as another user
        with embedded_postgres(folder / "postgres") as url:
            engine = make_engine(url, pool_size=2, statement_timeout_s=60)
            upgrade(engine, months_ahead=1)
            ids = _fill(engine, ruleset)
            result = _measured(engine, ruleset, ids)
            engine.dispose()
    return result


def _measured(engine: Engine, ruleset: Ruleset, ids: Sequence[UUID]) -> dict[str, Any]:
    edit = Proposal(ruleset=_rerouted(ruleset))
    seconds, found = _timed(engine, edit)
    peer_s = _peer(engine, compile_rulebook(edit.ruleset), ids[:PEER_TICKETS])
    level = {name: LabelLevel(auto_from=0.6) for name in _labels(ruleset)[:1]}
    harder = {
        "threshold": Proposal(ruleset=ruleset, levels=level),
        "rule_on_words": Proposal(ruleset=_with_words(ruleset)),
    }
    return {
        "id": "P10",
        "value": round(seconds, 2),
        "unit": "s",
        "peer": "tickets made again one by one (scaled)",
        "peer_value": round(peer_s * TICKETS / PEER_TICKETS, 1),
        "ratio": round(peer_s * TICKETS / PEER_TICKETS / seconds, 1),
        "target": f"<= {LIMIT_S:g} s for {TICKETS:,} decisions",
        "met": seconds <= LIMIT_S and found.tickets == TICKETS,
        "detail": {
            "repeats": REPEATS,
            "edit": _row(seconds, found),
            **{name: _row(*_timed(engine, each)) for name, each in harder.items()},
        },
    }


def _row(seconds: float, found: Backtest) -> dict[str, float]:
    return {
        "s": round(seconds, 2),
        "tickets": found.tickets,
        "redecided": found.redecided,
        "moved": found.moved,
    }


def _timed(engine: Engine, proposal: Proposal) -> tuple[float, Backtest]:
    """The quickest of some runs, and what it found."""

    def work(connection: Connection) -> Backtest:
        one_moment(connection)
        until = _START + timedelta(days=30)
        return backtest(connection, proposal, _START, until, most=TICKETS)

    runs = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = transaction(engine, work)
        runs.append((time.perf_counter() - start, found))
    return min(runs, key=lambda run: run[0])


def _peer(engine: Engine, book: Rulebook, ids: Sequence[UUID]) -> float:
    def work(connection: Connection) -> None:
        for id_ in ids:
            case = stored_case(connection, id_)
            assert case is not None
            again(case, book)

    start = time.perf_counter()
    transaction(engine, work)
    return time.perf_counter() - start


def _rerouted(ruleset: Ruleset) -> Ruleset:
    """The first rule that names a primary names another one."""
    first = next(rule for rule in ruleset.enabled if rule.primary and rule.when)
    rules = [replace(r, primary="elsewhere") if r is first else r for r in ruleset.rules]
    return replace(ruleset, rules=tuple(rules))


def _with_words(ruleset: Ruleset) -> Ruleset:
    words = TextContains(phrases=("broken screen",))
    rule = Rule(id="broken-screens", order=0, when=words, primary="elsewhere")
    return replace(ruleset, rules=(rule, *ruleset.rules))


def _labels(ruleset: Ruleset) -> list[str]:
    """The labels that the rules ask for, and some that they do not."""
    document = json.dumps(ruleset_object(ruleset))
    named = [part.split('"')[0] for part in document.split('"label": "')[1:]]
    return [*dict.fromkeys(named), *(f"label-{n:02}" for n in range(10))]


def _fill(engine: Engine, ruleset: Ruleset) -> list[UUID]:
    policy = make_policy(dict.fromkeys(_labels(ruleset), 0.5))

    def configure(connection: Connection) -> int:
        model_versions.keep_thresholds(connection, policy.version, policy_object(policy))
        return rulesets.save(connection, ruleset_object(ruleset), author="benchmark", note="demo")

    revision = transaction(engine, configure)
    ids: list[UUID] = []
    for batch in _batches(ruleset, policy):
        transaction(engine, partial(_store, made=batch, policy=policy.version, revision=revision))
        ids += [each.id for each in batch]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return ids


def _batches(ruleset: Ruleset, policy: Policy) -> Iterator[list[_Made]]:
    chance, book = random.Random(7), compile_rulebook(ruleset)
    for start in range(0, TICKETS, _BATCH):
        yield [_made(chance, policy, book, number) for number in range(start, start + _BATCH)]


def _made(chance: random.Random, policy: Policy, book: Rulebook, number: int) -> _Made:
    labels = list(policy.by_label)
    scores = {label: round(chance.uniform(0.0, 0.4), 6) for label in labels}
    scores |= {x: round(chance.uniform(0.5, 1.0), 6) for x in chance.sample(labels, 2)}
    ticket = Ticket(
        id=f"b-{number}",
        subject=" ".join(chance.choices(_WORDS, k=6)),
        body=" ".join(chance.choices(_WORDS, k=60)),
        channel=chance.choice(["email", "web", "chat", "phone"]),
        language=chance.choice(["en", "de"]),
        customer=f"c-{chance.randrange(5_000)}",
        priority=chance.choice(["normal", "high"]),
    )
    moment = _START + timedelta(seconds=number)
    routing = decide(
        scores=scores,
        policy=policy,
        rulebook=book,
        ticket=ticket,
        rung=Rung.MODEL,
        now=moment,
    )
    return _Made(id=first_uuid(moment), ticket=ticket, scores=scores, routing=routing)


def _store(connection: Connection, made: Sequence[_Made], policy: str, revision: int) -> None:
    copy_rows(
        connection,
        "tickets",
        ("id", "source", "external_id", "state", "content_hash"),
        [(each.id, "s", each.ticket.id, "decided", b"") for each in made],
    )
    fields = ("subject", "body", "channel", "language", "customer", "priority")
    copy_rows(
        connection,
        "ticket_contents",
        ("ticket_id", "revision", *fields),
        [(each.id, 1, *(getattr(each.ticket, name) for name in fields)) for each in made],
    )
    copy_rows(
        connection,
        "decisions",
        (
            *("ticket_id", "revision", "primary_department", "collaborators", "labels", "reason"),
            *("rule", "trace", "scores", "rung", "thresholds_version", "ruleset_version"),
            *("input_hash", "claim_token"),
        ),
        [(*_decision(each), policy, revision, b"", 1) for each in made],
    )


def _decision(made: _Made) -> tuple[object, ...]:
    routing = made.routing
    return (
        *(made.id, 1, routing.primary, list(routing.collaborators), list(routing.labels)),
        *(routing.reason, routing.rule, json.dumps(routing.trace), json.dumps(dict(made.scores))),
        Rung.MODEL,
    )
