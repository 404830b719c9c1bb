"""Decisions written into helpdesks by their strict stubs, echoes, and what agents change there."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from core.redaction import AS_GIVEN
from core.types import HelpdeskKind
from helpdesks.conformance.stubs import STUBS, Stub
from helpdesks.desk import Later
from helpdesks.kinds import KINDS, mapping_of
from helpdesks.polling import Poller
from helpdesks.receiving import Delivery, Outcome, Status
from helpdesks.taking import Taken, take
from helpdesks.write_back import WriteBack
from store.engine import transaction
from store.helpdesk.helpdesks import find
from tests.factories.deciding import decide_all
from tests.factories.helpdesks import access, connect, writing

_KINDS = sorted(STUBS)


@pytest.fixture(autouse=True)
def departments(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO departments (name) VALUES ('orders'), ('billing')"))
        connection.execute(text("INSERT INTO labels (name) VALUES ('delivery'), ('refund')"))


class Desk:
    """One connection with its stub: what a helpdesk and Pointsman do to each other."""

    def __init__(self, engine: Engine, kind: HelpdeskKind) -> None:
        self.engine, self.kind = engine, kind
        self.desk = connect(engine, kind, **writing(kind))
        self.stub: Stub = STUBS[kind]()
        self.event = uuid4()
        self.ticket = self.told().id

    def told(self, **more: Any) -> Taken:
        """Its webhook of how the ticket stands now, or the poller's next round."""
        found = transaction(self.engine, lambda c: find(c, str(self.kind)))
        assert found is not None
        now = datetime.now(UTC)
        payload = self.stub.payload()
        told = KINDS[self.kind].parse(payload, {}, mapping_of(self.kind, {}), now)
        return transaction(self.engine, lambda c: take(c, found, told, AS_GIVEN))

    def write(self, **more: Any) -> Outcome:
        payload = {"ticket_id": str(self.ticket), **more}
        delivery = Delivery(id=self.event, event="ticket.routed", payload=payload)
        opened = access(self.kind, self.stub)
        return WriteBack(self.engine, str(self.kind), lambda _: opened).send(delivery)

    def corrections(self) -> list[Any]:
        query = "SELECT kind, department, labels, agent FROM corrections ORDER BY created_at"
        with self.engine.connect() as connection:
            return list(connection.execute(text(query)))


@pytest.fixture(params=_KINDS)
def desk(engine: Engine, request: pytest.FixtureRequest) -> Desk:
    made = Desk(engine, request.param)
    decide_all(engine)
    return made


def test_a_decision_arrives_whole_once_and_keeps_what_was_there(desk: Desk) -> None:
    assert desk.write().status is Status.DELIVERED
    assert desk.stub.team == desk.stub.team_of("orders")
    assert {"vip", "route__orders", "label__delivery", "confidence__high"} == {*desk.stub.tags}
    (note,) = desk.stub.notes
    assert "orders" in note
    assert desk.stub.public == []
    writes = desk.stub.writes
    assert desk.write().note == "nothing to write"
    assert (desk.stub.writes, len(desk.stub.notes)) == (writes, 1)


def test_our_own_change_comes_back_without_any_effect(desk: Desk) -> None:
    desk.write()
    for _ in range(2):
        assert desk.told().outcome == "ignored"
    assert desk.corrections() == []
    with desk.engine.connect() as connection:
        row = connection.execute(text("SELECT state, revision FROM tickets")).one()
    assert tuple(row) == ("decided", 1)


def test_our_own_change_that_overtakes_our_noting_has_no_effect(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub, outcomes = desk.stub, []
    stub.behind_write = lambda: outcomes.append(desk.told().outcome)
    desk.write()
    assert outcomes
    assert {*outcomes} == {"ignored"}
    assert desk.corrections() == []


def test_an_agents_move_there_is_a_wrong_route_of_theirs_and_stays(desk: Desk) -> None:
    desk.write()
    desk.told()
    desk.stub.by_agent(team="billing")
    assert desk.told().outcome == "feedback"
    assert desk.told().outcome == "ignored"
    (said,) = desk.corrections()
    assert (said.kind, said.department, said.labels) == ("wrong_route", "billing", None)
    assert said.agent.startswith(f"{desk.kind}/")
    desk.event = uuid4()
    assert "left to people" in desk.write().note
    assert desk.stub.team == desk.stub.team_of("billing")


def test_an_agents_labels_there_are_a_wrong_label_and_stay(desk: Desk) -> None:
    desk.write()
    desk.told()
    kept = {*desk.stub.tags} - {"label__delivery"}
    desk.stub.by_agent(tags=[*kept, "label__refund"])
    assert desk.told().outcome == "feedback"
    (said,) = desk.corrections()
    assert (said.kind, said.labels) == ("wrong_label", ["refund"])


def test_who_moves_it_back_takes_their_word_back(desk: Desk) -> None:
    desk.write()
    desk.told()
    desk.stub.by_agent(team="billing")
    desk.told()
    desk.stub.by_agent(team="orders")
    desk.told()
    assert [said.kind for said in desk.corrections()] == ["wrong_route", "withdrawn"]


def test_a_ticket_that_a_person_moved_first_is_left_where_it_is(desk: Desk) -> None:
    desk.stub.by_agent(team="billing")
    outcome = desk.write()
    assert (outcome.status, "left to people: team" in outcome.note) == (Status.DELIVERED, True)
    assert desk.stub.team == desk.stub.team_of("billing")


def test_a_person_who_comes_between_reading_and_writing_wins_where_that_is_seen(
    desk: Desk,
) -> None:
    if desk.kind not in (HelpdeskKind.REQUEST_TRACKER, HelpdeskKind.ZENDESK):
        pytest.skip("its API has nothing to see that by")
    desk.stub.before_write = lambda: desk.stub.by_agent(team="billing")
    desk.write()
    assert desk.stub.team == desk.stub.team_of("billing")


def test_a_helpdesk_that_is_away_is_tried_again_and_one_that_refuses_is_not(desk: Desk) -> None:
    desk.stub.answers = [503]
    assert desk.write().status is Status.RETRY
    desk.stub.answers = [429]
    assert desk.write().retry_after_s == 7
    desk.stub.answers = [403]
    assert desk.write().status is Status.REFUSED
    desk.stub.answers = [404]
    assert desk.write().status is Status.REFUSED
    assert desk.write().status is Status.DELIVERED


def test_a_write_that_broke_off_is_finished_by_the_next_try(desk: Desk) -> None:
    desk.stub.breaks_after_write = True
    assert desk.write().status is Status.RETRY
    assert desk.told().outcome == "ignored"
    assert desk.write().status is Status.DELIVERED
    assert desk.stub.team == desk.stub.team_of("orders")
    assert desk.corrections() == []


def test_decisions_on_tickets_of_others_and_ones_that_wait_again_are_not_written(
    desk: Desk,
) -> None:
    desk.ticket = UUID(int=1)
    outcome = desk.write()
    assert (outcome.status, desk.stub.writes) == (Status.DELIVERED, 0)


def test_request_tracker_is_asked_and_tells_the_same_again_without_effect(engine: Engine) -> None:
    kind = HelpdeskKind.REQUEST_TRACKER
    connect(engine, kind, **writing(kind))
    stub = STUBS[kind]()
    poller = Poller(engine, lambda _: access(kind, stub), AS_GIVEN)
    assert poller.poll() == 0
    stub.moved("kim")
    assert (poller.poll(), poller.poll()) == (1, 0)
    assert Poller(engine, lambda _: access(kind, stub), AS_GIVEN).poll() == 1
    decide_all(engine)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT external_id, revision FROM tickets")).one()
    assert tuple(row) == ("7", 1)


def test_a_helpdesk_that_does_not_answer_holds_up_no_other(engine: Engine) -> None:
    kind = HelpdeskKind.REQUEST_TRACKER
    connect(engine, kind, **writing(kind))
    connect(engine, kind, **writing(kind), name="other")
    stub = STUBS[kind]()
    asked: list[str] = []

    def open_(desk: Any) -> Any:
        asked.append(desk.name)
        if desk.name == "other":
            raise Later("away")
        return access(kind, stub)

    poller = Poller(engine, open_, AS_GIVEN)
    poller.poll()
    stub.moved("kim")
    assert poller.poll() == 1
    assert asked == ["other", "request_tracker"] * 2
