"""Stored decisions made again, through the real store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from core.types import FeedbackKind, LabelLevel
from router.backtest import Backtest, Proposal, Tally, again
from router.conditions import FieldIs, HoursWithin, TextContains
from router.history import Replay, backtest, replayed, stored_case
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.rules import taxonomy
from store.rules.taxonomy import Department
from tests.factories.replayed import Scored, decide_stored
from tests.factories.rulesets import a_rule, a_ruleset, all_of, label, none_of, rulesets
from tests.factories.values import a_ticket

_CUTS = {"refund": 0.5, "invoice": 0.4, "crash": 0.6, "größe": 0.3}
_DAY = timedelta(days=1)
_EDITED = a_rule(10, label("refund"), id="money")
_RULES = a_ruleset(
    _EDITED,
    a_rule(20, label("crash"), primary="tech", stop=True),
    a_rule(30, TextContains(phrases=("bank dispute",)), primary="security"),
    a_rule(40, all_of(none_of(label("refund")), HoursWithin(zone="UTC")), collaborators=("qa",)),
    a_rule(50, FieldIs(field="channel", values=("chat",)), primary="chat-team"),
)


def _tickets(count: int) -> list[Scored]:
    return [
        (
            a_ticket(
                f"t-{n}",
                body=f"A bank dispute {n}" if n % 7 == 0 else f"Parcel {n}",
                channel=["email", "chat", "web"][n % 3],
                customer=f"c-{n % 5}",
                language=[None, "de-AT"][n % 2],
            ),
            {
                name: (n * step % 101) / 100
                for name, step in zip(_CUTS, (7, 13, 29, 41), strict=True)
            },
        )
        for n in range(count)
    ]


@pytest.fixture
def ids(engine: Engine) -> list[UUID]:
    """Sixty tickets, decided."""
    made = _tickets(60)
    return transaction(engine, lambda c: decide_stored(c, _RULES, made, thresholds=_CUTS))


def _tried(engine: Engine, proposal: Proposal, *, most: int = 1_000) -> Backtest:
    now = datetime.now(UTC)
    return transaction(engine, lambda c: backtest(c, proposal, now - _DAY, now + _DAY, most=most))


def _one_by_one(engine: Engine, ids: list[UUID], proposal: Proposal) -> Backtest:
    book, tally = compile_rulebook(proposal.ruleset), Tally()

    def work(connection: Connection) -> None:
        for id_ in ids:
            case = stored_case(connection, id_)
            assert case is not None
            tally.add(case, again(case, book, proposal.levels))

    transaction(engine, work)
    return tally.result(of=len(ids), left_out=0)


def _comparable(found: Backtest) -> Backtest:
    moves = tuple(replace(move, samples=(), ids=()) for move in found.moves)
    return replace(found, redecided=0, moves=moves)


def test_every_stored_decision_replays_bit_for_bit(engine: Engine, ids: list[UUID]) -> None:
    found = [transaction(engine, partial(replayed, ticket=each)) for each in ids]
    assert found == [Replay()] * len(ids)


def test_a_record_that_was_altered_does_not_replay(engine: Engine, ids: list[UUID]) -> None:
    change = text(
        "UPDATE decisions SET primary_department = 'elsewhere', reason = 'no_rule' "
        "WHERE ticket_id = :id"
    )
    transaction(engine, lambda c: c.execute(change, {"id": ids[0]}))
    found = transaction(engine, lambda c: replayed(c, ids[0]))
    assert found is not None
    assert {"primary", "reason"} <= set(found.differences)


def test_a_decision_whose_policy_is_gone_says_so(engine: Engine, ids: list[UUID]) -> None:
    transaction(engine, lambda c: c.execute(text("DELETE FROM threshold_sets")))
    found = transaction(engine, lambda c: replayed(c, ids[0]))
    assert found is not None
    assert found.missing is not None
    assert _tried(engine, Proposal(ruleset=_RULES)).left_out == len(ids)


def test_the_rules_of_then_move_nothing_and_are_not_even_asked(
    engine: Engine, ids: list[UUID]
) -> None:
    found = _tried(engine, Proposal(ruleset=_RULES))
    assert (found.of, found.tickets, found.redecided, found.moves) == (60, 60, 0, ())


def test_an_edit_of_one_rule_makes_again_only_what_it_can_touch(
    engine: Engine, ids: list[UUID]
) -> None:
    edited = a_ruleset(replace(_EDITED, primary="payments"), *_RULES.rules[1:])
    proposal = Proposal(ruleset=edited)
    found = _tried(engine, proposal)
    assert 0 < found.redecided < 60
    assert [(move.before, move.after) for move in found.moves] == [("billing", "payments")]
    assert _comparable(found) == _comparable(_one_by_one(engine, ids, proposal))


def test_another_level_moves_tickets_and_says_which_labels_are_lost(
    engine: Engine, ids: list[UUID]
) -> None:
    proposal = Proposal(ruleset=_RULES, levels={"refund": LabelLevel(auto_from=0.9)})
    found = _tried(engine, proposal)
    assert found.lost.keys() == {"refund"}
    assert 0 < found.redecided < 60
    assert _comparable(found) == _comparable(_one_by_one(engine, ids, proposal))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(other=rulesets(), keep=st.integers(0, 5), level=st.none() | st.floats(0, 1))
def test_what_is_skipped_would_have_stayed(
    engine: Engine, ids: list[UUID], other: Ruleset, keep: int, level: float | None
) -> None:
    kept = _RULES.rules[:keep]
    new = [rule for rule in other.rules if rule.order not in {each.order for each in kept}]
    levels = {} if level is None else {"crash": LabelLevel(auto_from=level)}
    proposal = Proposal(ruleset=a_ruleset(*kept, *new), levels=levels)
    found = _tried(engine, proposal)
    assert _comparable(found) == _comparable(_one_by_one(engine, ids, proposal))


def test_agreement_is_with_where_people_put_tickets(engine: Engine, ids: list[UUID]) -> None:
    def give(connection: Connection) -> str:
        taxonomy.add_departments(connection, [Department(name="payments")])
        case = stored_case(connection, ids[1])
        assert case is not None
        wrong = Feedback(
            ticket_id=ids[1], kind=FeedbackKind.WRONG_ROUTE, agent="a", department="payments"
        )
        corrections.give(connection, wrong)
        taken_back = corrections.give(connection, replace(wrong, ticket_id=ids[2]))
        corrections.withdraw(connection, taken_back, agent="a")
        right = Feedback(ticket_id=ids[3], kind=FeedbackKind.CONFIRMED, agent="a")
        corrections.give(connection, right)
        return case.made.primary

    transaction(engine, give)
    found = _tried(engine, Proposal(ruleset=a_ruleset(default="payments")))
    assert (found.judged, found.agreed_before, found.agreed_after) == (2, 1, 1)


def test_of_more_decisions_a_sample_is_drawn_the_same_each_time(
    engine: Engine, ids: list[UUID]
) -> None:
    proposal = Proposal(ruleset=a_ruleset(default="elsewhere"))
    found = _tried(engine, proposal, most=20)
    assert found.of == 60
    assert 0 < found.tickets < 60
    assert found == _tried(engine, proposal, most=20)


def test_tickets_outside_the_period_are_not_looked_at(engine: Engine, ids: list[UUID]) -> None:
    now = datetime.now(UTC)
    found = transaction(
        engine,
        lambda c: backtest(c, Proposal(ruleset=_RULES), now - 2 * _DAY, now - _DAY, most=100),
    )
    assert (found.of, found.tickets) == (0, 0)
