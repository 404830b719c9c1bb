from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from core.errors import Invalid
from core.types import Role
from store.access import api_tokens, people, sessions
from store.access.api_tokens import Wanted
from store.access.people import Attempt, Identity, Lockout, Person
from store.access.sessions import SessionLife
from store.engine import transaction

_LOCKOUT = Lockout(failures=3, time=timedelta(minutes=15))
_LIFE = SessionLife(most=timedelta(hours=12), idle=timedelta(hours=1))


def _add(engine: Engine, name: str = "ann@example.com", **more: object) -> Person:
    given = {"role": Role.OPS, "password_hash": "h", "actor": "bob", **more}
    return transaction(engine, lambda c: people.add(c, name=name, **given))  # type: ignore[arg-type]


def _try(engine: Engine, name: str = "ann@example.com") -> Attempt | None:
    return transaction(engine, lambda c: people.begin_attempt(c, name, _LOCKOUT))


def _age(engine: Engine, statement: str) -> None:
    transaction(engine, lambda c: c.execute(text(statement)))


def test_a_name_is_one_persons_whatever_its_case_and_no_living_tokens(engine: Engine) -> None:
    _add(engine)
    for name in ("ann@example.com", "ANN@example.com"):
        with pytest.raises(Invalid, match="name"):
            _add(engine, name)
        with pytest.raises(Invalid, match="name"):
            transaction(
                engine,
                lambda c, name=name: api_tokens.create(  # type: ignore[misc]
                    c, Wanted(name=name, role=Role.OPS), actor="bob"
                ),
            )
    transaction(
        engine, lambda c: api_tokens.create(c, Wanted(name="Shop", role=Role.OPS), actor="bob")
    )
    with pytest.raises(Invalid, match="name"):
        _add(engine, "shop")


@pytest.mark.parametrize("name", ["", " ", "a b", "a\x00", "a\n", "x" * 101, "\ud800"])
def test_what_is_no_name_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        _add(engine, name)


def test_after_so_many_wrong_tries_none_is_looked_at_until_the_lock_is_over(
    engine: Engine,
) -> None:
    _add(engine)
    assert [_try(engine, "Ann@Example.com") is not None for _ in range(5)] == [True] * 3 + [
        False
    ] * 2
    _age(engine, "UPDATE people SET locked_until = clock_timestamp() - interval '1 second'")
    assert [_try(engine) is not None for _ in range(4)] == [True] * 3 + [False]


def test_tries_at_once_are_no_more_than_tries_one_after_the_other(engine: Engine) -> None:
    _add(engine)
    with ThreadPoolExecutor(8) as pool:
        looked_at = list(pool.map(lambda _: _try(engine), range(24)))
    assert len([attempt for attempt in looked_at if attempt]) == 3


def test_a_right_try_forgets_the_wrong_ones_and_may_bring_a_new_hash(engine: Engine) -> None:
    _add(engine)
    for _ in range(2):
        _try(engine)
    last = _try(engine)
    assert last is not None
    transaction(engine, lambda c: people.was_right(c, last, rehashed="better"))
    again = _try(engine)
    assert again is not None
    assert again.password_hash == "better"


def test_nobody_without_a_password_or_disabled_may_try(engine: Engine) -> None:
    _add(engine, "no@password", password_hash=None)
    gone = _add(engine, "gone@example.com")
    transaction(engine, lambda c: people.change(c, gone, actor="bob", role=Role.OPS, disabled=True))
    for name in ("no@password", "gone@example.com", "nobody"):
        assert _try(engine, name) is None


def test_a_session_lasts_until_it_is_old_or_idle_or_its_person_is_out(engine: Engine) -> None:
    one = _add(engine)

    def begin() -> str:
        return transaction(engine, lambda c: sessions.begin(c, one.id, _LIFE, name=one.name))

    def lives(secret: str) -> bool:
        return transaction(engine, lambda c: sessions.caller_of(c, secret, _LIFE)) is not None

    first = begin()
    assert lives(first)
    _age(engine, "UPDATE sessions SET seen_at = clock_timestamp() - interval '50 minutes'")
    assert lives(first)
    _age(engine, "UPDATE sessions SET seen_at = seen_at - interval '50 minutes'")
    assert lives(first), "its use at 50 minutes was written"
    _age(engine, "UPDATE sessions SET seen_at = clock_timestamp() - interval '61 minutes'")
    assert not lives(first)

    second = begin()
    _age(engine, "UPDATE sessions SET created_at = clock_timestamp() - interval '13 hours'")
    assert not lives(second)

    third = begin()
    assert lives(third)
    kept = transaction(engine, lambda c: c.execute(text("SELECT count(*) FROM sessions")).scalar())
    assert kept == 1, "those that are over were swept away"
    transaction(engine, lambda c: people.change(c, one, actor="b", role=one.role, disabled=True))
    assert not lives(third)


def test_another_password_ends_sessions_and_the_lock(engine: Engine) -> None:
    one = _add(engine)
    secret = transaction(engine, lambda c: sessions.begin(c, one.id, _LIFE, name=one.name))
    for _ in range(4):
        _try(engine)
    transaction(engine, lambda c: people.set_password(c, one, "other", actor="bob"))
    assert transaction(engine, lambda c: sessions.caller_of(c, secret, _LIFE)) is None
    attempt = _try(engine)
    assert attempt is not None
    assert attempt.password_hash == "other"


def test_an_identity_is_one_person(engine: Engine) -> None:
    identity = Identity(issuer="https://id.example.com", subject="7")
    one = _add(engine, identity=identity, password_hash=None)
    assert transaction(engine, lambda c: people.person_of(c, identity)) == one
    with pytest.raises(Invalid, match="name"):
        _add(engine, "other", identity=identity)


def test_neither_a_cookie_nor_a_hash_gets_into_the_audit_log(engine: Engine) -> None:
    one = _add(engine, password_hash="$argon2id$secret")
    secret = transaction(engine, lambda c: sessions.begin(c, one.id, _LIFE, name=one.name))
    transaction(engine, lambda c: people.set_password(c, one, "$argon2id$other", actor="bob"))
    with engine.connect() as connection:
        said = list(connection.execute(text("SELECT action, detail::text FROM audit_log")))
        kept = " ".join(
            connection.execute(text("SELECT to_jsonb(s)::text FROM sessions s")).scalars()
        )
    assert [row.action for row in said] == [
        "person.added",
        "person.signed_in",
        "person.password_set",
    ]
    assert not any("argon2id" in row.detail or secret in row.detail for row in said)
    assert secret not in kept
