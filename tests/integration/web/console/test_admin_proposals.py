"""Changes that wait for a second person, as both people see them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from core.types import Role
from store.access import proposals
from store.engine import transaction
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.callers import Serve, a_person, a_secret, bearer, sign_in
from web.api.control.changes import CHANGES
from web.console.admin.proposal_words import sentence_of

_EVIL = '<script>alert("100%s")'
_RULES = [{"id": "first", "order": 10, "then": {"primary": "service-desk"}}]
_RULESET = {"default_department": "service-desk", "rules": _RULES}
SignedIn = Callable[[Role], TestClient]


@pytest.fixture
def signed_in(serve: Serve, engine: Engine) -> SignedIn:
    def sign(role: Role) -> TestClient:
        client = serve(four_eyes="rules,thresholds,activation")
        a_person(engine, f"{role}@example.com", role)
        csrf = sign_in(client, f"{role}@example.com")
        client.headers.update({"accept": "text/html", "x-csrf-token": csrf, "hx-request": "true"})
        return client

    return sign


def _propose_rules(client: TestClient, note: str = "") -> str:
    body = {"ruleset": _RULESET, "note": note}
    kept = client.put("/v1/rules", json=body, headers={"if-match": '"1"'})
    assert kept.status_code == 202, kept.text
    return f"/admin/proposals/{kept.json()['id']}"


def _settle(client: TestClient, place: str, verdict: str, reason: str = "") -> Any:
    return client.post(f"{place}/{verdict}", data={"reason": reason})


def test_rules_that_wait_are_shown_as_a_diff_and_carried_out_by_another(
    signed_in: SignedIn, engine: Engine
) -> None:
    ops, approver = signed_in(Role.OPS), signed_in(Role.APPROVER)
    place = _propose_rules(ops, note=f"as finance wants it {_EVIL}")
    listed = approver.get("/admin/proposals").text
    assert "Save rules" in listed
    assert "&lt;script&gt;" in listed
    assert _EVIL not in listed
    shown = approver.get(place).text
    assert "<ins>" in shown
    assert "first" in shown
    assert "Approve and carry out" in shown
    done = _settle(approver, place, "approve", "agreed")
    assert (done.status_code, done.headers["hx-redirect"]) == (204, place)
    after = approver.get(place).text
    assert "approver@example.com" in after
    assert "agreed" in after
    assert "Approve and carry out" not in after
    assert ops.get("/v1/rules").json()["ruleset"]["rules"][0]["id"] == "first"
    assert "Nothing waits" in ops.get("/admin/proposals").text
    assert place in ops.get("/admin/proposals?settled=true").text


def test_nobody_settles_their_own_but_takes_it_back(signed_in: SignedIn) -> None:
    ops, admin = signed_in(Role.OPS), signed_in(Role.ADMIN)
    place = _propose_rules(ops)
    own = ops.get(place).text
    assert "Withdraw it" in own
    assert "Approve" not in own
    assert _settle(ops, place, "approve").status_code == 403
    assert _settle(admin, place, "withdraw").status_code == 409
    assert _settle(ops, place, "withdraw", "not yet").status_code == 204
    assert "Withdrawn" in ops.get(place).text
    assert _settle(admin, place, "reject").status_code == 409
    admins_own = _propose_rules(admin)
    assert "Approve" not in admin.get(admins_own).text
    assert _settle(admin, admins_own, "approve").status_code == 409


def test_what_was_overtaken_is_told_and_can_be_rejected(signed_in: SignedIn) -> None:
    ops, approver = signed_in(Role.OPS), signed_in(Role.APPROVER)
    first, second = _propose_rules(ops), _propose_rules(ops)
    assert _settle(approver, first, "approve").status_code == 204
    assert "Other rules stand by now." in approver.get(second).text
    late = _settle(approver, second, "approve")
    assert (late.status_code, late.headers["hx-retarget"]) == (412, "#notice")
    assert "no longer fits" in late.text
    assert _settle(approver, second, "reject", "too late").status_code == 204
    assert "Rejected" in approver.get(second).text


def test_levels_are_shown_beside_what_stands(signed_in: SignedIn, engine: Engine) -> None:
    hostile = Label(name=_EVIL, description="100% <b>sure</b>")
    transaction(engine, lambda c: taxonomy.add_labels(c, [hostile]))
    ops = bearer(a_secret(engine, Role.OPS, name="kim"))
    approver = signed_in(Role.APPROVER)
    api = {**ops, "if-match": "*"}
    levels = {"labels": {_EVIL: {"automation": "suggest", "auto_from": 0.75}}}
    edit = {"description": "200% <i>sure</i>", "level": {"automation": "shadow"}}
    del approver.headers["x-csrf-token"]
    saved = approver.put("/v1/thresholds", json=levels, headers=api)
    edited = approver.patch(f"/v1/labels/{quote(_EVIL)}", json=edit, headers=api)
    for kept, words in ((saved, ("suggest", "0.75", "auto")), (edited, ("200%", "shadow"))):
        assert kept.status_code == 202, kept.text
        shown = approver.get(f"/admin/proposals/{kept.json()['id']}").text
        for word in words:
            assert word in shown
        assert "<script>alert" not in shown
        assert "<i>sure" not in shown


def test_models_are_proposed_in_sentences_and_every_kind_has_one(engine: Engine) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "model.activate": {"version": "a"},
        "model.roll_back": {"serving": "a"},
        "trial.begin": {"version": "a", "stage": "canary", "share": 0.25},
        "trial.end": {"trial": 3, "promote": True},
        "label.edit": {"label": "refund"},
    }
    said = {}
    for change in CHANGES:
        body = bodies.get(change.name, {})
        kept = transaction(
            engine,
            lambda c, n=change.name, b=body: proposals.propose(  # type: ignore[misc]
                c, change=n, body=b, note="", by="kim"
            ),
        )
        sentence, values = sentence_of(kept)
        said[change.name] = sentence % values
    assert said["trial.begin"] == "Try model a on 25 % of live tickets"
    assert said["trial.end"] == "End trial 3: the version on trial serves"
    assert said["model.roll_back"] == "Take model a back"


def test_without_any_the_list_says_what_is_under_control(
    signed_in: SignedIn, client: TestClient
) -> None:
    page = signed_in(Role.ADMIN).get("/admin/proposals").text
    assert "Nothing waits" in page
    assert ">thresholds<" in page
    assert signed_in(Role.APPROVER).get("/admin/proposals/999").status_code == 404
