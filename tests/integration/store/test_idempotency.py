from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from core.types import Role
from store.access.api_tokens import Wanted, create
from store.access.idempotency import Request, forget_before, keep, reserve
from store.engine import transaction
from worker.maintenance import forget_idempotency_keys


def _request(connection: Connection) -> Request:
    made = create(connection, Wanted(name="shop", role=Role.HELPDESK), actor="ann")
    return Request(token_id=made.token.id, key="k", hash=b"h")


def test_an_answer_is_kept_with_the_hash_and_the_order_of_its_request(engine: Engine) -> None:
    request = transaction(engine, _request)
    assert transaction(engine, lambda c: reserve(c, request)) is None
    transaction(engine, lambda c: keep(c, request, {"z": 1, "a": 2}))
    kept = transaction(engine, lambda c: reserve(c, request))
    assert kept is not None
    assert (kept.request_hash, list(kept.answer)) == (b"h", ["z", "a"])


def test_a_key_whose_work_was_not_committed_is_free(engine: Engine) -> None:
    request = transaction(engine, _request)
    with engine.connect() as connection:
        assert reserve(connection, request) is None
    assert transaction(engine, lambda c: reserve(c, request)) is None


def test_old_keys_are_swept_and_young_ones_stay(engine: Engine) -> None:
    request = transaction(engine, _request)
    transaction(engine, lambda c: reserve(c, request))
    forget_idempotency_keys(engine, hours=1)
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert transaction(engine, lambda c: forget_before(c, later)) == 1
    assert transaction(engine, lambda c: reserve(c, request)) is None
