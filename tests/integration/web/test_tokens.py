from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Role
from store.engine import transaction
from tests.factories.callers import a_secret, bearer, web_settings
from web.app import make_app


@pytest.fixture
def admin(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, Role.ADMIN, "root")))
    return client


@pytest.fixture
def limited(postgres_url: str, redis_url: str) -> Iterator[TestClient]:
    settings = web_settings(postgres_url, redis_url, requests_per_minute=2, tickets_per_minute=5)
    with TestClient(make_app(settings)) as made:
        yield made


def _may(client: TestClient, secret: str) -> bool:
    return client.get("/v1/me", headers=bearer(secret)).status_code == 200


def test_a_token_is_made_listed_and_revoked(admin: TestClient) -> None:
    narrow = {"scopes": ["tickets:write"], "sources": ["shop"]}
    wanted = {"name": "shop", "role": "helpdesk", "expires_days": 30, **narrow}
    answer = admin.post("/v1/tokens", json=wanted)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["created_by"], made["scopes"]) == ("root", ["tickets:write"])
    shop = bearer(made["token"])
    me = admin.get("/v1/me", headers=shop).json()
    assert (me["scopes"], me["sources"]) == (["tickets:write"], ["shop"])
    refused = admin.get("/v1/tickets", headers=shop)
    assert refused.status_code == 403
    assert "tickets:read" in refused.json()["detail"]
    listed = admin.get("/v1/tokens")
    assert [token["name"] for token in listed.json()["tokens"]] == ["root", "shop"]
    assert made["token"] not in listed.text
    where = f"/v1/tokens/{made['id']}/revoke"
    assert [admin.post(where).status_code for _ in range(2)] == [204, 404]
    assert not _may(admin, made["token"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "king"},
        {"scopes": []},
        {"scopes": ["tickets:eat"]},
        {"expires_days": 0},
        {"name": " "},
        {"name": "root"},
        {"colour": 1},
    ],
)
def test_what_is_no_token_is_refused(admin: TestClient, wrong: dict[str, object]) -> None:
    wanted = {"name": "shop", "role": "helpdesk", **wrong}
    answer = admin.post("/v1/tokens", json=wanted)
    assert (answer.status_code, answer.json()["field"].split(".")[0]) == (422, next(iter(wrong)))


def test_a_rotated_token_has_both_secrets_for_the_grace_and_then_the_new_one(
    admin: TestClient, engine: Engine
) -> None:
    first = admin.post("/v1/tokens", json={"name": "shop", "role": "helpdesk"}).json()
    second = admin.post(f"/v1/tokens/{first['id']}/rotate").json()
    assert second["old_secret_until"] > second["created_at"]
    assert _may(admin, first["token"])
    assert _may(admin, second["token"])
    third = admin.post(f"/v1/tokens/{first['id']}/rotate").json()
    assert [_may(admin, made["token"]) for made in (first, second, third)] == [False, True, True]
    over = "UPDATE api_tokens SET old_secret_until = clock_timestamp() - interval '1 second'"
    transaction(engine, lambda c: c.execute(text(over)))
    assert [_may(admin, made["token"]) for made in (second, third)] == [False, True]
    admin.post(f"/v1/tokens/{first['id']}/revoke")
    assert not _may(admin, third["token"])
    assert admin.post(f"/v1/tokens/{first['id']}/rotate").status_code == 404


def test_who_asks_too_often_is_told_when_to_come_again(limited: TestClient, engine: Engine) -> None:
    shop, other = bearer(a_secret(engine, name="shop")), bearer(a_secret(engine, name="other"))
    assert [limited.get("/v1/me", headers=shop).status_code for _ in range(2)] == [200, 200]
    refused = limited.get("/v1/me", headers=shop)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
    assert refused.json()["detail"] == "shop may send 2 requests a minute."
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert limited.get("/v1/me", headers=other).status_code == 200


def test_tickets_count_one_by_one_and_requests_of_them_do_not(
    limited: TestClient, engine: Engine
) -> None:
    shop = bearer(a_secret(engine, name="shop"))

    def send(first: int, count: int) -> int:
        tickets = [{"id": str(first + i), "subject": "s", "body": "b"} for i in range(count)]
        return limited.post("/v1/tickets", json={"tickets": tickets}, headers=shop).status_code

    assert [send(0, 3), send(3, 1), send(4, 1), send(5, 1)] == [202, 202, 202, 429]
    assert limited.get("/v1/me", headers=shop).status_code == 200
    listed = limited.get("/v1/tickets", headers=shop).json()["tickets"]
    assert len(listed) == 5, "what was refused is not stored"
