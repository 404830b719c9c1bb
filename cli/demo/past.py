"""What people have done here before you look: a history of rules, a training, words of agents.

All of it by the functions that the doors of people call; what agents say is what the data says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from sqlalchemy import Connection

from classifier.artifacts import Artifact
from cli.demo.round import Round
from cli.demo.stage import Stage
from core.ticket_files import read_tickets
from core.types import FeedbackKind, ReviewOutcome, TicketState
from router.editing import save_rules
from router.ruleset import Ruleset
from store.decided.records import DecidedTicket, decisions_of
from store.engine import transaction
from store.feedback import corrections, review
from store.feedback.corrections import Feedback
from store.feedback.review import Resolution
from store.ledger import decided_ids
from store.models import training_runs

AGENTS = ("anna@example.com", "ben@example.com", "kim@example.com")
OPS = "olga@example.com"
_SETTLED_ONE_IN = 3  # of the review queue agents settle one item in so many
_CORRECTED = 24  # tickets that nobody had to look at
_LEASE_S = 60.0

Truth = dict[str, tuple[str, ...]]


def edit_rules(connection: Connection, ruleset: Ruleset) -> None:
    """Somebody takes the last rule out and thinks better of it; the ruleset decides in the end."""
    if len(ruleset.rules) > 1:
        shorter = replace(ruleset, rules=ruleset.rules[:-1])
        save_rules(connection, shorter, by=OPS, note="the last rule hardly ever holds")
        save_rules(connection, ruleset, by=OPS, note="it does, on Mondays")


def tell_training(connection: Connection, artifact: Artifact, *, by: str) -> None:
    """The model's training as a run, unless any run is known."""
    if training_runs.newest(connection, most=1):
        return
    training_runs.ask(connection, reason="the first model", by=by)
    run = training_runs.claim(connection, lease_s=_LEASE_S)
    assert run is not None, "it was asked for in this transaction"
    why = "No model serves yet, so there is none to compare with."
    gate = {"decision": "promoted", "reason": why, "checks": []}
    training_runs.succeed(
        connection, run, candidate=artifact.version, outcome="promoted", gate=gate
    )


def work_a_shift(stage: Stage, played: Round) -> None:
    """Agents settle some of what waits for them, and say something of other tickets."""
    known = [label.name for label in stage.plan.labels]

    def work(connection: Connection) -> tuple[int, int]:
        decided = decisions_of(connection, sorted(decided_ids(connection, source=played.source)))
        truth = _truth(stage.plan.data, {each.external_id for each in decided}, known)
        return _settle(connection, truth), _say(connection, decided, truth)

    settled, said = transaction(stage.engine, work)
    stage.output.say(f"Agents: {settled} settled in review, feedback on {said} tickets")


def _settle(connection: Connection, truth: Truth) -> int:
    """Items in the order of their deadlines, up to one that the data says nothing of."""
    settled = 0
    for agent in _turns(review.waiting_by_reason(connection).items // _SETTLED_ONE_IN):
        item = review.claim(connection, agent=agent, lease_s=_LEASE_S)
        if item is None:
            break
        labels = truth.get(item.external_id)
        if labels is None or item.correction_id is not None:
            review.release(connection, item.id, agent=agent)
            break
        is_right = set(labels) == set(item.labels)
        outcome = ReviewOutcome.ACCEPTED if is_right else ReviewOutcome.REPLACED
        made = Resolution(outcome=outcome, labels=None if is_right else labels)
        review.resolve(connection, item.id, made, agent=agent)
        settled += 1
    return settled


def _say(connection: Connection, decided: Sequence[DecidedTicket], truth: Truth) -> int:
    plain = [x for x in decided if x.state == TicketState.DECIDED and x.external_id in truth]
    for ticket, agent in zip(plain, _turns(_CORRECTED), strict=False):
        labels = truth[ticket.external_id]
        is_right = set(labels) == set(ticket.labels)
        kind = FeedbackKind.CONFIRMED if is_right else FeedbackKind.WRONG_LABEL
        said = Feedback(
            ticket_id=ticket.id, kind=kind, agent=agent, labels=None if is_right else labels
        )
        corrections.give(connection, said)
    return min(len(plain), _CORRECTED)


def _turns(times: int) -> Iterator[str]:
    return (agent for agent, _ in zip(cycle(AGENTS), range(times), strict=False))


def _truth(data: Path, ids: set[str], known: Sequence[str]) -> Truth:
    """The labels that the data gives the tickets of some ids, those in use."""
    found: Truth = {}
    for line in read_tickets(data, ignore_unknown=True):
        ticket = line.ticket
        if ticket is not None and ticket.id in ids and ticket.labels is not None:
            found[ticket.id] = tuple(label for label in ticket.labels if label in known)
        if len(found) == len(ids):
            break
    return found
