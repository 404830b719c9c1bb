"""People and tokens as admins add, change and end them; secrets shown once."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from core.types import Role
from store.access import api_tokens, people
from store.access.api_tokens import ApiToken
from store.access.people import Person
from store.engine import transaction
from tests.factories.callers import PASSWORD, a_person, a_secret, bearer, sign_in

_FROM_A_PAGE = {"hx-request": "true"}


def signed_in(client: TestClient, engine: Engine, role: Role) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf})
    return client


@pytest.fixture
def root(client: TestClient, engine: Engine) -> TestClient:
    return signed_in(client, engine, Role.ADMIN)


def _send(client: TestClient, path: str, **fields: Any) -> Any:
    return client.post(path, data=fields, headers=_FROM_A_PAGE)


def _secret(part: str) -> str:
    found = re.search(r'id="secret"[^>]*>([^<]+)<', part)
    assert found is not None, part
    return found[1]


def _named(engine: Engine, name: str) -> Person:
    return transaction(engine, lambda c: people.person_named(c, name))


def _token(engine: Engine) -> ApiToken:
    (found,) = transaction(engine, lambda c: api_tokens.tokens(c, after=0, most=9))
    return found


def test_somebody_let_in_signs_in_with_the_password_that_is_shown_once(root: TestClient) -> None:
    part = _send(root, "/admin/people", name="kim@example.com", role="ops").text
    password = _secret(part)
    assert "kim@example.com" in part
    assert password not in root.get("/admin/people").text
    typed = {"name": "kim@example.com", "password": password}
    assert root.post("/v1/sign-in", json=typed).json()["role"] == "ops"


def test_a_name_that_is_none_or_taken_is_told_and_nobody_is_added(root: TestClient) -> None:
    for name in ("<script>alert(1)</script>", "admin@example.com"):
        answer = _send(root, "/admin/people", name=name, role="ops")
        assert answer.status_code == 422
        assert answer.headers["hx-retarget"] == "#notice"
        assert "<script>" not in answer.text


def test_a_role_is_changed_and_somebody_is_locked_out_and_let_in_again(
    root: TestClient, engine: Engine
) -> None:
    ann = a_person(engine)
    place = f"/admin/people/{ann.id}"
    assert _send(root, place, version=ann.version, role="approver").status_code == 200
    assert _named(engine, ann.name).role is Role.APPROVER
    now = _named(engine, ann.name).version
    assert "Disabled" in _send(root, place, version=now, disabled="true").text
    wrong = {"name": ann.name, "password": PASSWORD}
    assert root.post("/v1/sign-in", json=wrong).status_code == 401
    again = _named(engine, ann.name).version
    assert "Disabled" not in _send(root, place, version=again, disabled="false").text


def test_a_change_of_what_somebody_else_changed_is_not_made_and_both_are_shown(
    root: TestClient, engine: Engine
) -> None:
    ann = a_person(engine)
    place = f"/admin/people/{ann.id}"
    _send(root, place, version=ann.version, role="agent")
    late = _send(root, place, version=ann.version, role="approver")
    assert late.status_code == 412
    assert re.search(r"role</th><td[^>]*>agent</td><td[^>]*>approver<", late.text)
    assert _named(engine, ann.name).role is Role.AGENT


def test_a_new_password_is_the_only_one_that_is_right(root: TestClient, engine: Engine) -> None:
    ann = a_person(engine)
    password = _secret(_send(root, f"/admin/people/{ann.id}/password").text)
    tries = [{"name": ann.name, "password": each} for each in (PASSWORD, password)]
    assert [root.post("/v1/sign-in", json=each).status_code for each in tries] == [401, 200]


def test_nobody_changes_themselves_by_accident(root: TestClient, engine: Engine) -> None:
    me = _named(engine, "admin@example.com")
    page = root.get("/admin/people").text
    assert "You</span>" in page
    assert f'hx-post="/admin/people/{me.id}"' not in page


def test_a_token_is_made_narrowed_rotated_and_revoked(root: TestClient, engine: Engine) -> None:
    evil = "<img src=x>"
    made = _send(
        root,
        "/admin/tokens",
        name=evil,
        role="helpdesk",
        scopes=["tickets:read", "tickets:write"],
        sources="shop, <b>mail</b>,",
        expires_days="30",
    )
    first, token = _secret(made.text), _token(engine)
    assert "&lt;img src=x&gt;" in made.text
    assert evil not in made.text
    assert (token.role, token.scopes) == (Role.HELPDESK, ("tickets:read", "tickets:write"))
    assert token.sources == ("shop", "<b>mail</b>")
    assert "tickets of shop, &lt;b&gt;mail&lt;/b&gt; alone" in made.text
    assert token.expires_at is not None
    stranger = TestClient(root.app)
    assert stranger.get("/v1/tickets", headers=bearer(first)).status_code == 200
    assert first not in root.get("/admin/tokens").text
    second = _secret(_send(root, f"/admin/tokens/{token.id}/rotate").text)
    assert "old secret ends" in root.get("/admin/tokens").text
    known = [stranger.get("/v1/me", headers=bearer(each)).status_code for each in (first, second)]
    assert known == [200, 200]
    assert "Revoked" in _send(root, f"/admin/tokens/{token.id}/revoke").text
    assert stranger.get("/v1/me", headers=bearer(second)).status_code == 401
    assert _send(root, f"/admin/tokens/{token.id}/rotate").status_code == 404


def test_a_token_that_makes_no_sense_is_refused_with_the_field(root: TestClient) -> None:
    for wrong in (
        {"name": "x", "scopes": ["no:door"]},
        {"name": "x", "expires_days": "soon"},
        {"name": " "},
    ):
        answer = _send(root, "/admin/tokens", **{"role": "agent", **wrong})
        assert answer.status_code == 422
        assert next(reversed(wrong)) in answer.text
    assert "There is no token yet" in root.get("/admin/tokens").text


def test_long_lists_are_read_page_by_page(root: TestClient, engine: Engine) -> None:
    for number in range(51):
        a_secret(engine, name=f"token-{number}")
    first = root.get("/admin/tokens").text
    later = re.search(r'href="(/admin/tokens\?cursor=[^"]+)"', first)
    assert later is not None
    assert "token-49<" in first
    assert "token-50<" not in first
    second = root.get(later[1]).text
    assert "token-50<" in second
    assert "token-49<" not in second


def test_ops_and_approvers_are_led_past_what_is_for_admins_alone(
    client: TestClient, engine: Engine
) -> None:
    ops = signed_in(client, engine, Role.OPS)
    assert ops.get("/admin", follow_redirects=False).headers["location"] == "/admin/connections"
    page = ops.get("/admin/proposals").text
    assert 'href="/admin/audit"' in page
    for closed in ("/admin/people", "/admin/tokens"):
        assert f'href="{closed}"' not in page
        assert ops.get(closed).status_code == 403
