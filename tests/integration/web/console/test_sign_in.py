"""Signing in by the form, as a browser does."""

from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.factories.callers import PASSWORD, Serve, a_person
from web.sign_in.own_path import own_path

_ANN = "ann@example.com"
_FROM_A_PAGE = {"hx-request": "true"}


@pytest.fixture
def stranger(client: TestClient, engine: Engine) -> TestClient:
    a_person(engine)
    client.headers.update({"accept": "text/html"})
    return client


def _come_in(client: TestClient, name: str = _ANN, password: str = PASSWORD, **more: str) -> Any:
    typed = {"name": name, "password": password, **more}
    return client.post("/sign-in", data=typed, headers=_FROM_A_PAGE)


def test_a_stranger_comes_by_the_form_to_the_page_that_was_asked_for(
    stranger: TestClient,
) -> None:
    sent = stranger.get("/labels?x=1&y=2", follow_redirects=False)
    assert sent.headers["location"] == "/sign-in?next=%2Flabels%3Fx%3D1%26y%3D2"
    form = stranger.get(sent.headers["location"])
    assert 'name="next" value="/labels?x=1&amp;y=2"' in form.text
    answer = _come_in(stranger, next="/labels?x=1&y=2")
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/labels?x=1&y=2")
    assert "ann@example.com" in stranger.get("/labels").text
    again = stranger.get("/sign-in", follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "evil.example",
        "",
        "/é",
    ],
)
def test_another_site_is_no_path_of_ours(elsewhere: str) -> None:
    assert own_path(elsewhere) == "/"


def test_signing_in_leads_to_no_other_site(stranger: TestClient) -> None:
    assert _come_in(stranger, next="//evil.example").headers["hx-redirect"] == "/"
    for elsewhere in ("/\\evil.example", "https://evil.example", "/\t/evil.example"):
        there = stranger.get("/sign-in", params={"next": elsewhere}, follow_redirects=False)
        assert there.headers["location"] == "/"


def test_what_is_wrong_is_said_beside_the_form_and_names_stay_unknown(
    stranger: TestClient,
) -> None:
    for name in (_ANN, "nobody@example.com", "<script>", "\0"):
        answer = _come_in(stranger, name=name, password="wrong words")
        assert answer.status_code == 401
        assert "The name or the password is wrong." in answer.text
        assert "After 10 wrong tries in a row an account is locked for 15 min" in answer.text
        assert "wrong words" not in answer.text
        assert "<script>" not in answer.text
        assert "set-cookie" not in answer.headers


def test_after_too_many_wrong_tries_the_right_password_is_refused(
    serve: Serve, engine: Engine
) -> None:
    a_person(engine)
    client = serve(sign_in_failures=2)
    assert [_come_in(client, password="wrong").status_code for _ in range(2)] == [401, 401]
    assert "locked" in _come_in(client).text
    assert client.get("/v1/me").status_code == 401


def test_too_many_tries_from_an_address_are_told_with_the_wait(
    serve: Serve, engine: Engine
) -> None:
    a_person(engine)
    client = serve(sign_ins_per_minute=1)
    _come_in(client, password="wrong")
    answer = _come_in(client)
    assert answer.status_code == 429
    assert "Too many tries from this address." in answer.text
    assert "Try again in" in answer.text


def test_a_form_of_another_site_signs_nobody_in(stranger: TestClient) -> None:
    typed = {"name": _ANN, "password": PASSWORD}
    answer = stranger.post("/sign-in", data=typed)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_provider_is_offered_where_there_is_one(serve: Serve) -> None:
    assert "/sign-in/oidc" not in serve().get("/sign-in").text
    there = serve(oidc_issuer="https://id.example.com", oidc_client_id="pointsman")
    assert 'href="/sign-in/oidc"' in there.get("/sign-in").text


def test_signing_out_ends_the_session(stranger: TestClient) -> None:
    _come_in(stranger)
    page = stranger.get("/account").text
    assert 'hx-post="/v1/sign-out"' in page
    csrf = page.split('"X-CSRF-Token": "')[1].split('"')[0]
    assert stranger.post("/v1/sign-out", headers={"x-csrf-token": csrf}).status_code == 204
    assert stranger.get("/", follow_redirects=False).headers["location"] == "/sign-in"
