"""One's own account: who one is, the password, the sessions."""

from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from core.types import Role
from store.access import audit
from store.engine import transaction
from tests.factories.callers import PASSWORD, Serve, a_person, a_secret, bearer, sign_in
from web.console.account import ROLES

_NEW = "five other unrelated words instead"


@pytest.fixture
def ann(client: TestClient, engine: Engine) -> TestClient:
    a_person(engine, role=Role.AGENT)
    client.headers.update({"accept": "text/html", "x-csrf-token": sign_in(client)})
    return client


def _send(client: TestClient, path: str, **fields: str) -> Any:
    return client.post(path, data=fields, headers={"hx-request": "true"})


def test_it_says_who_one_is_and_what_one_may(ann: TestClient) -> None:
    page = ann.get("/account").text
    assert "ann@example.com" in page
    assert "Agent" in page
    assert set(ROLES) == set(Role)


def test_a_new_password_counts_and_ends_every_session(ann: TestClient) -> None:
    changed = _send(ann, "/account/password", current=PASSWORD, new=_NEW)
    assert (changed.status_code, changed.headers["hx-redirect"]) == (204, "/sign-in")
    assert ann.get("/account", follow_redirects=False).status_code == 303
    typed = {"name": "ann@example.com", "password": _NEW}
    assert _send(ann, "/sign-in", **typed).status_code == 204


@pytest.mark.parametrize(
    ("current", "new", "told"),
    [("wrong", _NEW, "is not the password"), (PASSWORD, "short", "is too short")],
)
def test_a_wrong_or_weak_password_is_refused_and_told(
    ann: TestClient, current: str, new: str, told: str
) -> None:
    answer = _send(ann, "/account/password", current=current, new=new)
    assert answer.status_code == 422
    assert answer.headers["hx-retarget"] == "#notice"
    assert told in answer.text
    assert ann.get("/account").status_code == 200


def test_other_browsers_are_signed_out_and_this_one_stays(
    ann: TestClient, serve: Serve, engine: Engine
) -> None:
    elsewhere, another = serve(), serve()
    sign_in(elsewhere)
    a_person(engine, "bob@example.com")
    sign_in(another, "bob@example.com")
    assert "Sign out everywhere else" in ann.get("/account").text
    part = _send(ann, "/account/sessions/end")
    assert "This browser" in part.text
    assert "Sign out everywhere else" not in part.text
    seen = [client.get("/v1/me").status_code for client in (elsewhere, another, ann)]
    assert seen == [401, 200, 200]
    last = transaction(engine, lambda c: audit.page(c, audit.AuditFilter(), before=None, most=1))
    assert (last[0].action, last[0].detail) == ("person.signed_out_elsewhere", {"sessions": 1})


def test_the_language_chosen_beats_that_of_the_browser(ann: TestClient) -> None:
    english = {"accept-language": "en"}
    chosen = _send(ann, "/account/language", language="de")
    assert chosen.headers["hx-redirect"] == "/account"
    page = ann.get("/account", headers=english).text
    assert '<html lang="de">' in page
    assert '<option value="de" lang="de" selected>Deutsch' in page
    assert _send(ann, "/account/language", language="tlh").status_code == 422
    _send(ann, "/account/language", language="")
    assert '<html lang="en">' in ann.get("/account", headers=english).text


def test_a_token_has_no_account(client: TestClient, engine: Engine) -> None:
    assert client.get("/account", headers=bearer(a_secret(engine))).status_code == 409
