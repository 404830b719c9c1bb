from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Role
from store.access import people
from store.engine import transaction
from tests.factories.callers import (
    PASSWORD,
    Serve,
    a_person,
    a_secret,
    bearer,
    sign_in,
)


def _try(client: TestClient, password: str, name: str = "ann@example.com") -> int:
    given = {"name": name, "password": password}
    return client.post("/v1/sign-in", json=given).status_code


def test_a_person_comes_in_is_known_and_goes(client: TestClient, engine: Engine) -> None:
    a_person(engine)
    token = sign_in(client, "Ann@Example.com")
    me = client.get("/v1/me")
    assert me.json() == {
        "kind": "person",
        "name": "ann@example.com",
        "role": "ops",
        "scopes": None,
        "sources": None,
        "csrf_token": token,
    }
    assert me.headers["cache-control"] == "no-store"
    kept = client.cookies["pointsman-session"]
    assert client.post("/v1/sign-out", headers={"x-csrf-token": token}).status_code == 204
    assert "pointsman-session" not in client.cookies
    client.cookies["pointsman-session"] = kept
    assert client.get("/v1/me").status_code == 401, "the session ended, not the cookie alone"


def test_a_token_needs_no_csrf_token_even_beside_a_cookie(
    client: TestClient, engine: Engine
) -> None:
    a_person(engine)
    sign_in(client)
    shop = bearer(a_secret(engine, name="shop"))
    assert client.post("/v1/tickets", json={}, headers=shop).status_code == 422
    me = client.get("/v1/me", headers=shop).json()
    assert (me["kind"], me["name"], me["csrf_token"]) == ("token", "shop", None)
    wrong = client.get("/v1/me", headers=bearer("pointsman_wrong"))
    assert wrong.status_code == 401, "a cookie does not mend a wrong token"


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_for_us_alone(engine: Engine, serve: Serve, secure: bool) -> None:
    a_person(engine)
    client = serve(session_cookie_secure=secure)
    given = {"name": "ann@example.com", "password": PASSWORD}
    cookie = client.post("/v1/sign-in", json=given).headers["set-cookie"]
    name, *parts = cookie.split("; ")
    assert name.startswith("__Host-pointsman-session=" if secure else "pointsman-session=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(parts)
    assert ("Secure" in parts) is secure


def test_cookies_are_secure_unless_we_listen_on_the_loopback_alone(
    engine: Engine, serve: Serve
) -> None:
    for host, secure in (("127.0.0.1", False), ("::1", False), ("0.0.0.0", True)):
        cookie = serve(http_host=host).app.state.doorman.cookie  # type: ignore[attr-defined]
        assert cookie.is_secure is secure


def test_whatever_is_wrong_the_answer_is_one(client: TestClient, engine: Engine) -> None:
    a_person(engine)
    gone = a_person(engine, "gone@example.com")
    transaction(engine, lambda c: people.change(c, gone, actor="b", role=gone.role, disabled=True))
    bodies = []
    for name, password in (
        ("ann@example.com", "wrong"),
        ("nobody", PASSWORD),
        ("gone@example.com", PASSWORD),
    ):
        answer = client.post("/v1/sign-in", json={"name": name, "password": password})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        bodies.append({**answer.json(), "request_id": None})
    assert bodies[0] == bodies[1] == bodies[2]


def test_after_too_many_wrong_passwords_the_right_one_is_wrong_too(
    engine: Engine, serve: Serve
) -> None:
    a_person(engine)
    client = serve(sign_in_failures=2)
    assert [_try(client, "wrong") for _ in range(2)] == [401, 401]
    assert _try(client, PASSWORD) == 401
    past = "UPDATE people SET locked_until = clock_timestamp() - interval '1 s'"
    transaction(engine, lambda c: c.execute(text(past)))
    assert _try(client, PASSWORD) == 200
    assert [_try(client, "wrong"), _try(client, PASSWORD)] == [401, 200]


def test_one_address_may_try_only_so_often(engine: Engine, serve: Serve) -> None:
    client = serve(sign_ins_per_minute=2)
    given = {"name": "nobody", "password": "x"}
    assert [_try(client, "x", "nobody") for _ in range(2)] == [401, 401]
    answer = client.post("/v1/sign-in", json=given)
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-requests")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_a_form_of_another_site_signs_nobody_in(client: TestClient, engine: Engine) -> None:
    a_person(engine)
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        body = f'{{"name": "ann@example.com", "password": "{PASSWORD}"}}'
        answer = client.post("/v1/sign-in", content=body, headers={"content-type": kind})
        assert answer.status_code == 422


def test_another_role_counts_at_once(client: TestClient, engine: Engine) -> None:
    one = a_person(engine, role=Role.ADMIN)
    sign_in(client)
    assert client.get("/v1/tokens").status_code == 200
    transaction(engine, lambda c: people.change(c, one, actor="b", role=Role.OPS, disabled=False))
    assert client.get("/v1/tokens").status_code == 403


def test_a_person_sends_tickets_once_per_idempotency_key(
    client: TestClient, engine: Engine
) -> None:
    a_person(engine)
    headers = {"x-csrf-token": sign_in(client), "idempotency-key": "k"}
    ticket = {"id": "1", "subject": "Late", "body": "Where is it?"}
    first = client.post("/v1/tickets", json=ticket, headers=headers)
    again = client.post("/v1/tickets", json=ticket, headers=headers)
    assert (first.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    shop = bearer(a_secret(engine, name="shop")) | {"idempotency-key": "k"}
    other = client.post("/v1/tickets", json=ticket, headers=shop)
    assert "idempotency-replayed" not in other.headers


def test_a_person_changes_their_password_and_signs_in_anew(
    client: TestClient, engine: Engine
) -> None:
    a_person(engine)
    headers = {"x-csrf-token": sign_in(client)}

    def change(current: str, new: str) -> tuple[int, str | None]:
        given = {"current": current, "new": new}
        answer = client.post("/v1/me/password", json=given, headers=headers)
        return answer.status_code, answer.json()["field"] if answer.content else None

    assert change("wrong", "five other unrelated words") == (422, "current")
    assert change(PASSWORD, "short") == (422, "new")
    assert change(PASSWORD, "five other unrelated words") == (204, None)
    assert client.get("/v1/me").status_code == 401
    assert (_try(client, PASSWORD), _try(client, "five other unrelated words")) == (401, 200)


def test_a_hash_of_old_parameters_becomes_new_when_its_person_comes(
    client: TestClient, engine: Engine
) -> None:
    one = a_person(engine)
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    transaction(engine, lambda c: people.set_password(c, one, old, actor="b"))
    sign_in(client)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT password_hash FROM people")).scalar_one()
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    sign_in(client)


def test_an_idle_session_is_over(engine: Engine, serve: Serve) -> None:
    a_person(engine)
    client = serve(session_idle_minutes=30)
    sign_in(client)
    aged = text("UPDATE sessions SET seen_at = seen_at - CAST(:by AS interval)")
    transaction(engine, lambda c: c.execute(aged, {"by": timedelta(minutes=31)}))
    answer = client.get("/v1/me")
    assert (answer.status_code, answer.json()["fix"]) == (401, "sign in again")
