from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Role
from tests.factories.callers import a_person, a_secret, bearer, web_settings
from web.app import make_app


@pytest.fixture
def admin(postgres_url: str, redis_url: str, engine: Engine) -> Iterator[TestClient]:
    settings = web_settings(postgres_url, redis_url, sign_in_failures=3)
    headers = bearer(a_secret(engine, Role.ADMIN, "root"))
    with TestClient(make_app(settings), headers=headers) as made:
        yield made


def _sign_in(client: TestClient, name: str, password: str) -> int:
    given = {"name": name, "password": password}
    headers = {"authorization": ""}
    return client.post("/v1/sign-in", json=given, headers=headers).status_code


def test_who_is_added_comes_in_with_the_password_that_was_shown(admin: TestClient) -> None:
    made = admin.post("/v1/people", json={"name": "ann@example.com", "role": "ops"})
    assert made.status_code == 201
    person = made.json()
    assert _sign_in(admin, "ann@example.com", person["password"]) == 200
    shown = admin.get(f"/v1/people/{person['id']}")
    assert shown.headers["etag"] == '"1"'
    assert shown.json()["created_by"] == "root"
    assert "password" not in shown.json()
    again = admin.post("/v1/people", json={"name": "ANN@example.com", "role": "ops"})
    assert (again.status_code, again.json()["field"]) == (422, "name")


def test_a_change_counts_once_on_what_was_read(admin: TestClient, engine: Engine) -> None:
    one = a_person(engine)
    where = f"/v1/people/{one.id}"
    assert admin.patch(where, json={"role": "agent"}).status_code == 428
    read = {"if-match": admin.get(where).headers["etag"]}
    first = admin.patch(where, json={"role": "agent"}, headers=read)
    assert (first.status_code, first.json()["role"]) == (200, "agent")
    late = admin.patch(where, json={"disabled": True}, headers=read)
    assert late.status_code == 412
    assert late.json()["current"]["role"] == "agent"
    assert late.json()["yours"] == {"disabled": True}
    now = {"if-match": first.headers["etag"]}
    out = admin.patch(where, json={"disabled": True}, headers=now).json()
    assert out["role"] == "agent"
    assert out["disabled_at"] is not None
    assert admin.patch(where, json={}, headers={"if-match": "*"}).status_code == 422


def test_a_new_password_is_shown_once_and_lifts_the_lock(admin: TestClient, engine: Engine) -> None:
    one = a_person(engine)
    for _ in range(3):
        _sign_in(admin, one.name, "wrong")
    assert admin.get(f"/v1/people/{one.id}").json()["locked_until"] is not None
    made = admin.post(f"/v1/people/{one.id}/password").json()
    assert made["locked_until"] is None
    assert _sign_in(admin, one.name, made["password"]) == 200


def test_people_are_listed_page_by_page(admin: TestClient, engine: Engine) -> None:
    names = [a_person(engine, f"p{i}").name for i in range(3)]
    first = admin.get("/v1/people", params={"limit": 2}).json()
    rest = admin.get("/v1/people", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["name"] for one in first["people"] + rest["people"]] == names
    assert rest["next"] is None


def test_who_did_what_to_whom_is_in_the_audit_log(admin: TestClient, engine: Engine) -> None:
    made = admin.post("/v1/people", json={"name": "ann", "role": "ops"}).json()
    where = f"/v1/people/{made['id']}"
    admin.patch(where, json={"role": "approver"}, headers={"if-match": "*"})
    with engine.connect() as connection:
        said = connection.execute(
            text("SELECT actor, action, detail FROM audit_log WHERE action LIKE 'person.%'")
        ).all()
    assert [(row.actor, row.action) for row in said] == [
        ("root", "person.added"),
        ("root", "person.changed"),
    ]
    assert said[1].detail == {
        "name": "ann",
        "role": "approver",
        "before": "ops",
        "disabled": False,
    }
    assert made["password"] not in str(said)
