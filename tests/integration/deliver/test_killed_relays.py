"""What a receiver that does as the docs say has in the end, although relays are killed."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine
from standardwebhooks import Webhook
from uuid_utils.compat import uuid7

from core.events import EventName
from tests.factories.delivering import an_endpoint, an_event, pass_time, states
from tests.factories.processes import Processes, wait_until
from tests.factories.receivers import Answer, Receiver, Request, receiver

_TICKETS = 12
_STORY = (EventName.TICKET_CLASSIFIED, EventName.TICKET_ROUTED, EventName.FEEDBACK_RECORDED)
_KILLED_AT = (5, 17, 29)
"""At so many requests the relay that sent the last one dies before it hears the answer."""
_SLOW_MACHINE_S = 120


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def relays(postgres_url: str, tmp_path: Path) -> Iterator[Processes]:
    environment = {
        "POINTSMAN_DATABASE_URL": postgres_url,
        "POINTSMAN_REDIS_URL": "redis://127.0.0.1:1/0",
        "POINTSMAN_WEBHOOK_HTTP": "true",
        "POINTSMAN_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    started = Processes(tmp_path, environment)
    yield started
    started.stop_all()


def _stories(engine: Engine) -> dict[UUID, list[str]]:
    """Tickets with the ids of their events in order; events of all tickets take turns."""
    told: dict[UUID, list[str]] = {uuid7(): [] for _ in range(_TICKETS)}
    for event in _STORY:
        for ticket, ids in told.items():
            ids.append(str(an_event(engine, event, ticket)))
    return told


def _until_all_arrived(engine: Engine, hook: Receiver, relays: Processes) -> int:
    """Starts a relay after the other and gives how many were killed."""
    counting, kills = threading.Lock(), iter(_KILLED_AT)
    at = next(kills, None)
    process = relays.start("-m", "deliver")

    def answer(_: Request) -> Answer:
        nonlocal at
        with counting:
            if at is not None and len(hook.requests) >= at:
                at = next(kills, None)
                process.kill()
                process.wait()
        return Answer()

    def done() -> bool:
        return process.poll() is not None or set(states(engine)) == {"delivered"}

    hook.answer, killed = answer, 0
    while set(states(engine)) != {"delivered"}:
        wait_until(done, timeout_s=_SLOW_MACHINE_S, what="events arrive", seen=relays.logs)
        if process.poll() is not None:
            killed += 1
            pass_time(engine, timedelta(minutes=1))  # until what it had in hand is free
            process = relays.start("-m", "deliver")
    return killed


def test_a_receiver_that_verifies_and_drops_copies_has_each_event_once_and_in_order(
    engine: Engine, hook: Receiver, relays: Processes
) -> None:
    made = an_endpoint(engine, hook.url)
    assert made.secret is not None
    stories = _stories(engine)
    killed = _until_all_arrived(engine, hook, relays)
    kept: dict[str, bytes] = {}
    for request in hook.requests:
        Webhook(made.secret).verify(request.body, request.headers)
        assert kept.setdefault(request.id, request.body) == request.body
    assert sorted(kept) == sorted(id_ for ids in stories.values() for id_ in ids)
    assert killed == len(_KILLED_AT)
    assert len(hook.requests) > len(kept), "what a killed relay had sent came again"
    assert _order(hook.ids, stories) == stories


def _order(came: Sequence[str], stories: dict[UUID, list[str]]) -> dict[UUID, list[str]]:
    """What came of each ticket, copies left out; a later event is never before an earlier one."""
    ticket_of = {id_: ticket for ticket, ids in stories.items() for id_ in ids}
    found: dict[UUID, list[str]] = defaultdict(list)
    for id_ in came:
        own = found[ticket_of[id_]]
        assert id_ not in own[:-1], "an event came again after a later one"
        if id_ not in own:
            own.append(id_)
    return dict(found)
