"""Why a decision was made, through the doors, with a worker's own explaining part beside them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from classifier.artifacts import Artifact
from core.text import model_text
from core.types import FeedbackKind, Role, Rung, Ticket
from router.parse import parse_ruleset
from router.policy import policy_object
from router.rulebook import compile_rulebook
from store.decided import explanations
from store.decided.decisions import finish
from store.decided.explanations import ExplanationState
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.models import model_versions
from store.models.model_versions import ModelVersion
from store.queue import workers
from store.queue.claims import claim
from store.queue.tickets import accept
from store.rules import rulesets as stored_rulesets
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.artifacts import LABELS
from tests.factories.callers import a_secret, bearer, web_settings
from tests.factories.values import a_ticket
from web.app import make_app
from worker.corrected import Corrected
from worker.counters import Counters
from worker.deciding import decided
from worker.explaining import Explaining, Pace
from worker.host import Host, Serving
from worker.ladder import Holds, steps
from worker.scorers import NoScorer

_RULES = {
    "default_department": "desk",
    "rules": [
        {"id": name, "order": n, "when": {"label": name}, "then": {"primary": name}}
        for n, name in enumerate(LABELS)
    ],
}
_MAIL = (
    "Cannot login, please reset the password of my account.\n> refund my order\n-- \nShipping Ltd"
)


@pytest.fixture
def host(engine: Engine, active: Artifact) -> Host:
    def words(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])
        names = ["desk", *LABELS]
        taxonomy.add_departments(connection, [Department(name=n) for n in names])
        stored_rulesets.save(connection, _RULES, author="ops", note="")

    transaction(engine, words)
    made = Host(engine, device="cpu", threads=1)
    made.refresh()
    return made


@pytest.fixture
def explaining(engine: Engine, host: Host) -> Explaining:
    return Explaining(
        engine=engine,
        host=host,
        is_idle=lambda timeout_s: True,
        counters=Counters(),
        corrected=Corrected(engine, most=100),
        pace=Pace(look_s=0.02, after_batches=1),
        threads=1,
    )


@contextmanager
def _at_work(explaining: Explaining) -> Iterator[None]:
    thread = threading.Thread(target=explaining.run)
    thread.start()
    yield
    explaining.stop()
    thread.join()


@pytest.fixture
def agent(
    engine: Engine, postgres_url: str, redis_url: str, request: pytest.FixtureRequest
) -> Iterator[TestClient]:
    """Its door waits for no worker, or for as many seconds as the test says."""
    wait_s = getattr(request, "param", 0)
    made = make_app(web_settings(postgres_url, redis_url, explain_wait_s=wait_s))
    with TestClient(made) as client:
        client.headers.update(bearer(a_secret(engine, Role.OPS)))
        yield client


def _decide(engine: Engine, serving: Serving, *sent: Ticket) -> list[UUID]:
    def work(connection: Connection) -> list[UUID]:
        ids = [each.id for each in accept(connection, sent, source="s")]
        worker = workers.register(connection, host="h", pid=1, device="cpu", rung=Rung.MODEL)
        claims = claim(connection, worker=worker, most=100, lease_s=30)
        now = connection.execute(text("SELECT now()")).scalar_one()
        done = []
        for each in claims:
            read = model_text(each.ticket.subject, each.ticket.body)
            row = serving.scorer.score(serving.scorer.prepare([read]).items)[0].tolist()
            done.append(decided(each, text=read, row=row, serving=serving, now=now))
        finish(connection, done)
        connection.execute(text("UPDATE decisions SET decided_at = :now"), {"now": now})
        return ids

    return transaction(engine, work)


@pytest.mark.parametrize("agent", [60], indirect=True)
def test_a_decision_is_explained_by_phrases_rules_changes_and_near_tickets(
    agent: TestClient, engine: Engine, host: Host, explaining: Explaining
) -> None:
    like, other, asked = _decide(
        engine,
        host.serving,
        a_ticket("like", subject="Login", body="Cannot login, reset the password of my account"),
        a_ticket("other", subject="Late", body="Where is the package"),
        a_ticket("asked", subject="Login", body=_MAIL),
    )
    for id_, kind in ((like, FeedbackKind.WRONG_LABEL), (other, FeedbackKind.CONFIRMED)):
        labels = ["login"] if kind is FeedbackKind.WRONG_LABEL else None
        given = Feedback(ticket_id=id_, kind=kind, agent="ann", labels=labels)
        transaction(engine, partial(corrections.give, feedback=given))
    while explaining.step():
        pass
    with _at_work(explaining):
        answer = agent.get(f"/v1/tickets/{asked}/why")
    assert answer.status_code == 200
    why = answer.json()
    assert why["explanation"]["state"] == "made"
    assert why["explanation"]["method"] == "leaving_out"
    read = why["text"]
    assert read == model_text("Login", _MAIL)
    assert len(why["explanation"]["labels"]) >= 3
    for label in why["explanation"]["labels"]:
        for phrase in label["phrases"]:
            assert read[phrase["start"] : phrase["end"]] == phrase["text"]
            assert "Shipping" not in phrase["text"]
            assert "refund" not in phrase["text"]
    assert [near["external_id"] for near in why["nearest"]] == ["like", "other"]
    assert why["nearest"][0]["agent"] == "ann"
    assert why["nearest"][0]["labels"] == ["login"]
    assert why["rules"]
    assert {change["primary_department"] for change in why["would_change"]} - {
        why["decision"]["primary_department"]
    }


def test_without_a_worker_all_but_the_phrases_is_told_and_asking_again_is_right(
    agent: TestClient, engine: Engine, host: Host, explaining: Explaining
) -> None:
    [id_] = _decide(engine, host.serving, a_ticket(body="reset my password"))
    first = agent.get(f"/v1/tickets/{id_}/why")
    assert (first.status_code, first.headers["retry-after"]) == (200, "1")
    assert first.json()["explanation"]["state"] == "asked"
    assert first.json()["would_change"]
    assert explaining.step()
    second = agent.get(f"/v1/tickets/{id_}/why")
    assert second.json()["explanation"]["state"] == "made"
    assert "retry-after" not in second.headers


def test_the_linear_model_and_keywords_explain_their_own_decisions(
    agent: TestClient, engine: Engine, host: Host, active: Artifact, explaining: Explaining
) -> None:
    known = ModelVersion(version=active.version, path=active.path)
    words = {name: (name,) for name in LABELS}
    rungs = dict(steps(Holds(model=known, keywords=words, device="cpu", threads=1)))
    update = "UPDATE labels SET keywords = ARRAY[name]"
    transaction(engine, lambda c: c.execute(text(update)))
    for rung, method in ((Rung.LINEAR, "terms"), (Rung.KEYWORDS, "keywords")):
        serving = replace(host.serving, scorer=rungs[rung]())
        [id_] = _decide(engine, serving, a_ticket(f"t-{rung}", subject="", body="refund my order"))
        agent.get(f"/v1/tickets/{id_}/why")
        assert explaining.step()
        why = agent.get(f"/v1/tickets/{id_}/why").json()
        assert why["explanation"]["method"] == method
        told = {each["label"]: each["phrases"] for each in why["explanation"]["labels"]}
        assert any("refund" in phrase["text"] for phrase in told["refund"])


def test_a_decision_that_nothing_scored_says_why_there_is_no_prediction(
    agent: TestClient, engine: Engine, host: Host, explaining: Explaining
) -> None:
    serving = replace(host.serving, scorer=NoScorer(thresholds={}))
    [id_] = _decide(engine, serving, a_ticket())
    why = agent.get(f"/v1/tickets/{id_}/why").json()
    assert (why["explanation"]["state"], why["explanation"]["labels"]) == ("none", [])
    assert why["no_prediction"]["reason"] == "model_unavailable"
    assert not explaining.step()


def test_an_explanation_that_fails_is_told_and_ends_nobody(
    agent: TestClient, engine: Engine, host: Host, explaining: Explaining
) -> None:
    gone, suspect = _decide(engine, host.serving, a_ticket("gone"), a_ticket("suspect"))
    transaction(
        engine,
        lambda c: c.execute(
            text("UPDATE decisions SET model_version = 'gone' WHERE ticket_id = :id"), {"id": gone}
        ),
    )
    transaction(
        engine,
        lambda c: c.execute(
            text("UPDATE tickets SET attempts = 5 WHERE id = :id"), {"id": suspect}
        ),
    )
    for id_ in (gone, suspect):
        agent.get(f"/v1/tickets/{id_}/why")
    while explaining.step():
        pass
    for id_, said in ((gone, "PostgreSQL"), (suspect, "its text may end a worker")):
        told = agent.get(f"/v1/tickets/{id_}/why").json()["explanation"]
        assert told["state"] == "failed"
        assert said in told["error"]


def test_a_worker_that_dies_twice_with_one_in_hand_is_the_last(
    engine: Engine, host: Host, explaining: Explaining, agent: TestClient
) -> None:
    [id_] = _decide(engine, host.serving, a_ticket())
    agent.get(f"/v1/tickets/{id_}/why")
    for _ in range(2):
        assert transaction(engine, lambda c: explanations.take(c, lease_s=-1)) is not None
    assert explaining.step()
    told = agent.get(f"/v1/tickets/{id_}/why").json()["explanation"]
    assert told["state"] == "failed"


def test_tickets_come_first(engine: Engine, host: Host, agent: TestClient) -> None:
    counters = Counters()
    busy = Explaining(
        engine=engine,
        host=host,
        is_idle=lambda timeout_s: False,
        counters=counters,
        corrected=Corrected(engine, most=100),
        pace=Pace(look_s=1, after_batches=3),
        threads=1,
    )
    for id_ in _decide(engine, host.serving, a_ticket("a"), a_ticket("b")):
        agent.get(f"/v1/tickets/{id_}/why")
    counters.add(batches=2)
    assert not busy.step()
    counters.add(batches=1)
    assert busy.step()
    counters.add(batches=2)
    assert not busy.step()
    counters.add(batches=1)
    assert busy.step()


def test_new_feedback_makes_an_old_explanation_again_and_the_old_one_stands_meanwhile(
    engine: Engine, host: Host, explaining: Explaining
) -> None:
    [id_] = _decide(engine, host.serving, a_ticket())
    found = transaction(engine, lambda c: explanations.scored_by(c, id_))
    assert found is not None
    subject = found.subject
    assert subject is not None

    def ask(fresh_s: float) -> explanations.Explanation:
        return transaction(engine, lambda c: explanations.ask(c, subject, fresh_s=fresh_s))

    ask(0)
    explaining.step()
    assert ask(0).state is ExplanationState.MADE
    given = Feedback(ticket_id=id_, kind=FeedbackKind.CONFIRMED, agent="ann")
    transaction(engine, lambda c: corrections.give(c, given))
    assert ask(600).state is ExplanationState.MADE
    again = ask(0)
    assert again.state is ExplanationState.ASKED
    assert again.result is not None
    explaining.step()
    assert ask(0).state is ExplanationState.MADE
    unfinished = "UPDATE explanations SET result = result || '{\"complete\": false}'"
    transaction(engine, lambda c: c.execute(text(unfinished)))
    assert ask(0).state is ExplanationState.ASKED


def test_old_explanations_and_those_of_erased_tickets_go(
    engine: Engine, host: Host, explaining: Explaining, agent: TestClient
) -> None:
    ids = _decide(engine, host.serving, a_ticket("a"), a_ticket("b"))
    for id_ in ids:
        agent.get(f"/v1/tickets/{id_}/why")
    erase = text("UPDATE tickets SET state = 'erased' WHERE id = :id")
    transaction(engine, lambda c: c.execute(erase, {"id": ids[0]}))
    assert [explaining.step() for _ in ids] == [False, True]
    rows = text("SELECT ticket_id, state FROM explanations")
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(rows)] == [(ids[1], "made")]
    assert transaction(engine, lambda c: explanations.forget(c, days=1)) == 0
    aged = text("UPDATE explanations SET asked_at = asked_at - interval '2 days'")
    transaction(engine, lambda c: c.execute(aged))
    assert transaction(engine, lambda c: explanations.forget(c, days=1)) == 1


def test_what_is_not_there_or_not_decided_is_said(agent: TestClient, engine: Engine) -> None:
    assert agent.get(f"/v1/tickets/{uuid4()}/why").status_code == 404
    [waiting] = transaction(engine, lambda c: accept(c, [a_ticket("w")], source="s"))
    answer = agent.get(f"/v1/tickets/{waiting.id}/why")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
    assert agent.post(f"/v1/tickets/{waiting.id}/replay", json={}).status_code == 409


def test_a_decision_replays_from_its_record_and_under_other_rules_and_thresholds(
    agent: TestClient, engine: Engine, host: Host
) -> None:
    [id_] = _decide(engine, host.serving, a_ticket(body="reset my password"))
    door = f"/v1/tickets/{id_}/replay"
    same = agent.post(door, json={}).json()
    assert (same["same"], same["differences"], same["missing"]) == (True, [], None)
    empty = {"default_department": "desk", "rules": []}
    number = transaction(engine, lambda c: stored_rulesets.save(c, empty, author="o", note=""))
    other = agent.post(door, json={"ruleset": number}).json()
    assert not other["same"]
    assert other["decision"]["primary_department"] == "desk"
    never = replace(
        host.serving.policy,
        by_label={
            name: replace(own, preselect_from=1.0, auto_from=1.0)
            for name, own in host.serving.policy.by_label.items()
        },
    )
    transaction(
        engine,
        lambda c: model_versions.keep_thresholds(c, never.version, policy_object(never)),
    )
    none = agent.post(door, json={"thresholds": never.version}).json()
    assert none["decision"]["reason"] == "below_threshold"
    for wrong in ({"ruleset": 99}, {"thresholds": "x"}, {"model": "x"}, {"colour": "red"}):
        answer = agent.post(door, json=wrong)
        assert (answer.status_code, answer.json()["field"]) == (422, next(iter(wrong)))


def test_another_model_is_replayed_once_a_worker_has_scored_with_it(
    agent: TestClient, engine: Engine, host: Host, tried: Artifact, explaining: Explaining
) -> None:
    [id_] = _decide(engine, host.serving, a_ticket(body="reset my password"))
    door, body = f"/v1/tickets/{id_}/replay", {"model": tried.version}
    first = agent.post(door, json=body)
    assert (first.status_code, first.headers["retry-after"]) == (503, "1")
    assert explaining.step()
    second = agent.post(door, json=body).json()
    assert "scores" in second["differences"]
    assert second["scores"].keys() == set(LABELS)
    before = agent.get(f"/v1/tickets/{id_}").json()["decision"]["scores"]
    assert second["scores"] != before
    again = agent.post(door, json={}).json()
    assert again["same"]


def test_rules_are_suggested_from_corrections_with_what_they_would_move(
    agent: TestClient, engine: Engine, host: Host
) -> None:
    rulebook = compile_rulebook(parse_ruleset(_RULES))
    sent = [a_ticket(f"t-{n}", body="reset my password", channel="chat") for n in range(6)]
    stay = [a_ticket(f"s-{n}", body="reset my password", channel="email") for n in range(6)]
    ids = _decide(engine, replace(host.serving, rulebook=rulebook), *sent, *stay)
    primary = agent.get(f"/v1/tickets/{ids[0]}").json()["decision"]["primary_department"]
    wanted = "shipping" if primary != "shipping" else "billing"

    def give(connection: Connection) -> None:
        for id_ in ids[:6]:
            wrong = Feedback(
                ticket_id=id_, kind=FeedbackKind.WRONG_ROUTE, agent="ann", department=wanted
            )
            corrections.give(connection, wrong)
        for id_ in ids[6:]:
            right = Feedback(ticket_id=id_, kind=FeedbackKind.CONFIRMED, agent="ann")
            corrections.give(connection, right)

    transaction(engine, give)
    found = agent.get("/v1/suggestions").json()
    assert found["looked_at"] == 12
    [rule] = found["rules"]
    assert (rule["department"], rule["pattern"]) == (wanted, "channel is chat")
    assert (rule["support"], rule["precision"], rule["harmed"]) == (6, 1.0, 0)
    assert rule["rule"]["then"] == {"primary": wanted}
    assert rule["backtest"]["moves"] == [{"before": primary, "after": wanted, "tickets": 6}]
    assert (rule["backtest"]["agreed_before"], rule["backtest"]["agreed_after"]) == (0, 6)
