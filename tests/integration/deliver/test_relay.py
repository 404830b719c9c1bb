import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook, WebhookVerificationError
from uuid_utils.compat import uuid7

from core.events import EventName
from deliver.relay import Relay
from store.delivery import delivery_log, outbox, webhook_endpoints
from store.delivery.webhook_endpoints import EndpointState
from store.engine import transaction
from tests.factories.delivering import (
    BOX,
    a_relay,
    an_endpoint,
    an_event,
    deliver_all,
    pass_time,
    some_events,
    states,
    the_endpoint,
)
from tests.factories.processes import wait_until
from tests.factories.receivers import Answer, Receiver, receiver

_HOUR = timedelta(hours=1)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def relay(engine: Engine) -> Relay:
    return a_relay(engine)


def _saying(status: int, **more: object) -> Answer:
    return Answer(status=status, **more)  # type: ignore[arg-type]


def test_an_event_arrives_once_signed_with_its_own_id(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    made = an_endpoint(engine, hook.url)
    event = an_event(engine)
    deliver_all(relay)
    deliver_all(relay)
    (request,) = hook.requests
    assert request.id == str(event)
    assert made.secret is not None
    said = Webhook(made.secret).verify(request.body, request.headers)
    assert (said["type"], said["version"], said["data"]) == ("ticket.routed", "1", {"n": 1})
    assert states(engine) == ["delivered"]
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook_endpoints.new_secret()).verify(request.body, request.headers)


def test_while_a_secret_rotates_both_signatures_are_good_and_then_one(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    made = an_endpoint(engine, hook.url)
    rotated = transaction(
        engine,
        lambda c: webhook_endpoints.rotate(c, made.endpoint, BOX, grace=24 * _HOUR, by="ann"),
    )
    assert made.secret and rotated.secret and made.secret != rotated.secret
    an_event(engine)
    deliver_all(relay)
    for secret in (made.secret, rotated.secret):
        Webhook(secret).verify(hook.requests[0].body, hook.requests[0].headers)
    pass_time(engine, 25 * _HOUR)
    an_event(engine)
    deliver_all(relay)
    Webhook(rotated.secret).verify(hook.requests[1].body, hook.requests[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made.secret).verify(hook.requests[1].body, hook.requests[1].headers)


def test_an_endpoint_gets_what_it_asked_for_from_when_it_was_made(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    an_event(engine)
    an_endpoint(engine, hook.url, events=[EventName.TICKET_ROUTED])
    an_event(engine, EventName.RULES_CHANGED)
    wanted = an_event(engine)
    deliver_all(relay)
    assert hook.ids == [str(wanted)]


def test_an_event_that_commits_late_is_not_missed(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    an_endpoint(engine, hook.url)
    with engine.begin() as slow:
        late = outbox.tell(slow, EventName.TICKET_ROUTED, {"n": 2})
        newer = an_event(engine)
        deliver_all(relay)
        pass_time(engine, _HOUR)
    deliver_all(relay)
    assert hook.ids == [str(newer), str(late)]


def test_a_receiver_that_is_down_for_a_day_gets_everything_once_it_is_back(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    made = an_endpoint(engine, hook.url)
    events = some_events(engine, 12)
    hook.answer = lambda _: _saying(500)
    for _ in range(24 * 2):
        deliver_all(relay)
        pass_time(engine, _HOUR / 2)
    assert the_endpoint(engine, made.endpoint.id).state is EndpointState.ACTIVE
    tried = len(hook.requests)
    assert 24 < tried < 24 * 2 + 20, "the breaker lets one request at a time through"
    hook.answer = lambda _: Answer()
    deliver_all(relay)
    pass_time(engine, _HOUR)
    deliver_all(relay)
    assert states(engine) == ["delivered"] * 12
    assert Counter(hook.ids[tried:]) == Counter(map(str, events))
    assert _count(engine, "delivery_attempts") == len(hook.requests), "the log is complete"


def test_a_flapping_receiver_loses_nothing_and_gets_nothing_twice_that_it_took(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    an_endpoint(engine, hook.url, concurrency=1)
    events = some_events(engine, 10)
    taken: list[str] = []

    def every_other(request: object) -> Answer:
        if len(hook.requests) % 2:
            return _saying(500)
        taken.append(hook.requests[-1].id)
        return Answer()

    hook.answer = every_other
    for _ in range(20):
        deliver_all(relay)
        pass_time(engine, _HOUR)
    assert sorted(taken) == sorted(map(str, events))


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 500, 502])
def test_only_a_2xx_is_success_and_a_redirect_is_not_followed(
    engine: Engine, hook: Receiver, relay: Relay, status: int
) -> None:
    an_endpoint(engine, hook.url)
    an_event(engine)
    hook.answer = lambda _: _saying(status, headers=(("location", hook.url),))
    deliver_all(relay)
    assert (len(hook.requests), states(engine)) == (1, ["waiting"])
    assert _attempts(engine)[0].error == f"answered {status}"


def test_what_a_2xx_says_does_not_matter_and_is_kept_short_and_harmless(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    an_endpoint(engine, hook.url)
    an_event(engine)
    hook.answer = lambda _: _saying(204 + 2, body=b"\x00\x1b[2J\xff\xed\xa0\x80<b>" + b"x" * 90_000)
    deliver_all(relay)
    (attempt,) = _attempts(engine)
    assert (states(engine), attempt.status) == (["delivered"], 206)
    assert len(attempt.answer) <= 1_000
    assert attempt.answer.isprintable()


def test_a_body_that_drips_is_cut_off_in_time(engine: Engine, hook: Receiver) -> None:
    an_endpoint(engine, hook.url)
    an_event(engine)
    hook.answer = lambda _: _saying(200, body=b"x" * 50, is_slow=True)
    relay = a_relay(engine, timeout_s=0.3)
    deliver_all(relay)
    (attempt,) = _attempts(engine)
    assert (attempt.status, attempt.error) == (None, "no answer within 0.3 s")
    assert states(engine) == ["waiting"]


def test_gone_disables_the_endpoint_and_is_told(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    gone = an_endpoint(engine, hook.url).endpoint
    with receiver() as other:
        an_endpoint(engine, other.url, events=[EventName.WEBHOOK_STOPPED])
        an_event(engine)
        hook.answer = lambda _: _saying(410)
        deliver_all(relay)
        assert the_endpoint(engine, gone.id).state is EndpointState.DISABLED
        assert b'"why":"answered 410 Gone"' in other.requests[0].body
    an_event(engine)
    assert _count(engine, f"deliveries WHERE endpoint_id = {gone.id}") == 1
    assert _count(engine, "audit_log WHERE action = 'webhook.disabled' AND actor = 'deliver'") == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_time_gets_it_for_all_events(
    engine: Engine, hook: Receiver, relay: Relay, status: int
) -> None:
    an_endpoint(engine, hook.url, concurrency=1)
    some_events(engine, 2)
    hook.answer = lambda _: _saying(status, headers=(("retry-after", "3000"),))
    deliver_all(relay)
    pass_time(engine, timedelta(seconds=2_900))
    deliver_all(relay)
    assert len(hook.requests) == 1
    hook.answer = lambda _: Answer()
    pass_time(engine, timedelta(seconds=101))
    deliver_all(relay)
    assert states(engine) == ["delivered"] * 2


def test_events_of_a_ticket_arrive_in_order_and_a_dead_one_does_not_block_for_ever(
    engine: Engine, hook: Receiver
) -> None:
    an_endpoint(engine, hook.url, concurrency=4)
    ticket, relay = uuid7(), a_relay(engine, retry_s=3600)
    first, second, third = (an_event(engine, ticket=ticket) for _ in range(3))
    hook.answer = lambda request: _saying(500 if request.id == str(first) else 200)
    elsewhere = an_event(engine, ticket=uuid7())
    deliver_all(relay)
    assert sorted(hook.ids) == sorted([str(first), str(elsewhere)])
    for _ in range(8):
        pass_time(engine, _HOUR / 4)
        deliver_all(relay)
    assert states(engine) == ["dead", "delivered", "delivered", "delivered"]
    assert hook.ids[-2:] == [str(second), str(third)]


def test_an_endpoint_that_only_fails_is_paused_and_nothing_is_given_up(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    made = an_endpoint(engine, hook.url, events=[EventName.TICKET_ROUTED]).endpoint
    some_events(engine, 3)
    hook.answer = lambda _: _saying(500)
    for _ in range(20):
        deliver_all(relay)
        pass_time(engine, 3 * _HOUR)
    found = the_endpoint(engine, made.id)
    assert (found.state, found.why) == ("paused", "nothing but failures for 48 hours")
    assert _count(engine, "outbox WHERE event = 'webhook.stopped'") == 1
    some_events(engine, 1)
    assert set(states(engine)) == {"waiting"}
    hook.answer = lambda _: Answer()
    transaction(engine, lambda c: webhook_endpoints.resume(c, found, by="ann"))
    deliver_all(relay)
    assert states(engine) == ["delivered"] * 4


def test_a_slow_endpoint_has_as_many_requests_as_it_may_and_the_others_do_not_wait(
    engine: Engine, hook: Receiver, relay: Relay
) -> None:
    an_endpoint(engine, hook.url, concurrency=3)
    free = threading.Event()

    def hold(_: object) -> Answer:
        free.wait(20)
        return Answer()

    hook.answer = hold
    with receiver() as other:
        an_endpoint(engine, other.url, concurrency=1)
        some_events(engine, 9)
        for _ in range(60):
            relay.look()
            relay.rest(0.05)
            if len(other.requests) == 9:
                break
        assert len(other.requests) == 9
    free.set()
    deliver_all(relay)
    assert (len(hook.requests), hook.most_at_once) == (9, 3)


def test_two_relays_make_one_delivery_each(engine: Engine, hook: Receiver) -> None:
    an_endpoint(engine, hook.url, concurrency=4)
    events = some_events(engine, 40)
    both = (a_relay(engine), a_relay(engine))
    stopping = threading.Event()
    threads = [threading.Thread(target=each.run, args=(stopping,)) for each in both]
    for thread in threads:
        thread.start()
    wait_until(lambda: set(states(engine)) == {"delivered"}, timeout_s=120, what="all arrive")
    stopping.set()
    for thread in threads:
        thread.join()
    assert sorted(hook.ids) == sorted(map(str, events))
    assert hook.most_at_once <= 4


def test_an_outcome_that_comes_after_the_lease_changes_nothing(
    engine: Engine, hook: Receiver
) -> None:
    an_endpoint(engine, hook.url)
    an_event(engine)
    slow, quick = a_relay(engine), a_relay(engine)
    free, held = threading.Event(), threading.Event()

    def hold_the_first(_: object) -> Answer:
        if len(hook.requests) == 1:
            held.set()
            free.wait(20)
            return _saying(500)
        return Answer()

    hook.answer = hold_the_first
    slow.look()
    assert held.wait(10)
    pass_time(engine, timedelta(seconds=61))
    deliver_all(quick)
    free.set()
    slow.rest(10)
    assert states(engine) == ["delivered"]
    assert (len(set(hook.ids)), len(hook.ids)) == (1, 2)


def test_the_dead_of_a_period_are_delivered_again_and_so_is_one(
    engine: Engine, hook: Receiver
) -> None:
    made, relay = an_endpoint(engine, hook.url).endpoint, a_relay(engine, retry_s=0.001)
    events = some_events(engine, 3)
    hook.answer = lambda _: _saying(500)
    for _ in range(4):
        deliver_all(relay)
        pass_time(engine, timedelta(minutes=20))
    assert states(engine) == ["dead"] * 3
    hook.answer = lambda _: Answer()
    one = delivery_log.LogFilter()
    logged = transaction(engine, lambda c: delivery_log.page(c, made.id, one, before=None, most=10))
    period = {"since": logged[1].created_at, "until": logged[0].created_at}
    again = transaction(engine, lambda c: delivery_log.replay_dead(c, made, by="ann", **period))
    deliver_all(relay)
    assert (again, states(engine)) == (1, ["dead", "delivered", "dead"])
    assert hook.ids[-1] == str(events[1])
    assert transaction(engine, lambda c: delivery_log.replay(c, made, logged[1].id, by="ann"))
    deliver_all(relay)
    assert hook.ids[-2:] == [str(events[1])] * 2


def _attempts(engine: Engine) -> list[delivery_log.LoggedAttempt]:
    return transaction(engine, lambda c: delivery_log.attempts(c, 1))


def _count(engine: Engine, which: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {which}")).scalar_one())
