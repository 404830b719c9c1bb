"""Rules edited over HTTP: what stands, what is refused, what is kept of each edit."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from core.types import Role
from router.ruleset import ruleset_object
from store.engine import transaction
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import a_secret, bearer
from tests.factories.rulesets import a_rule, a_ruleset, label

_RULES: dict[str, Any] = ruleset_object(
    a_ruleset(a_rule(10, label("refund"), id="money"), default="desk")
)
_MOVED: dict[str, Any] = ruleset_object(
    a_ruleset(a_rule(10, label("refund"), id="money", primary="payments"), default="desk")
)
_RULE = {"id": "chat", "order": 20, "when": {"channel": "chat"}, "then": {"primary": "desk"}}


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    """Kim of ops, with a label, departments and a first revision of the rules."""

    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ("desk", "billing", "payments")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        rulesets.save(connection, _RULES, author="ann", note="first")

    transaction(engine, work)
    client.headers.update(bearer(a_secret(engine, Role.OPS, "kim")))
    return client


def _put(ops: TestClient, ruleset: Any, *, match: str = "*", note: str = "") -> Any:
    body = {"ruleset": ruleset, "note": note}
    return ops.put("/v1/rules", json=body, headers={"if-match": match})


def _stands(ops: TestClient) -> Any:
    return ops.get("/v1/rules").json()["ruleset"]


def test_an_edit_is_a_revision_with_author_note_diff_and_an_entry_in_the_log(
    ops: TestClient, engine: Engine
) -> None:
    read = ops.get("/v1/rules")
    assert (read.json()["ruleset"], read.json()["author"]) == (_RULES, "ann")
    saved = _put(ops, _MOVED, match=read.headers["etag"], note="to payments")
    assert saved.status_code == 200, saved.text
    assert saved.json()["saved"]
    assert saved.json()["changes"]["changed"] == ["money"]
    again = ops.get("/v1/rules")
    assert again.headers["etag"] == saved.headers["etag"] == f'"{saved.json()["version"]}"'
    assert again.json()["ruleset"] == _MOVED
    told = ops.get(f"/v1/rules/revisions/{saved.json()['version']}").json()
    assert (told["revision"]["author"], told["revision"]["note"]) == ("kim", "to payments")
    assert "-  then: {primary: billing}" in told["changes"]["diff"]
    assert "+  then: {primary: payments}" in told["changes"]["diff"]
    query = text("SELECT actor, detail FROM audit_log WHERE action = 'rules.saved' ORDER BY id")
    entry = transaction(engine, lambda c: c.execute(query).all())[-1]
    assert (entry.actor, entry.detail["changed"], entry.detail["note"]) == (
        "kim",
        ["money"],
        "to payments",
    )


def test_saving_what_stands_makes_no_revision(ops: TestClient) -> None:
    before = ops.get("/v1/rules").json()["version"]
    saved = _put(ops, _RULES).json()
    assert (saved["saved"], saved["version"]) == (False, before)


def test_an_edit_on_what_stood_before_is_told_both_versions_and_changes_nothing(
    ops: TestClient,
) -> None:
    old = ops.get("/v1/rules").headers["etag"]
    _put(ops, _MOVED, match=old)
    refused = _put(ops, _RULES, match=old)
    assert (refused.status_code, refused.json()["type"]) == (412, "/problems/changed-meanwhile")
    assert refused.json()["current"]["ruleset"] == _MOVED
    assert refused.json()["yours"] == _RULES
    assert _stands(ops) == _MOVED
    assert ops.put("/v1/rules", json={"ruleset": _RULES}).status_code == 428


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"when": {"score": {"label": "refund", "at_least": 2}}}, "when.score.at_least"),
        ({"when": {"all": [{"label": "a"}, {"colour": "red"}]}}, "when.all.1.colour"),
        ({"effective_from": "2026-07-01T00:00:00"}, "effective_from"),
        ({"effective_from": 5}, "effective_from"),
        ({"when": {"metadata": {"key": "plan"}}}, "when.metadata"),
        ({"when": {"share": 1.5}}, "when.share"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_path_of_its_field(
    ops: TestClient, rule: dict[str, Any], field: str
) -> None:
    refused = _put(ops, {**_RULES, "rules": [{**_RULE, **rule}]})
    assert refused.status_code == 422
    assert refused.json()["field"] == f"ruleset.rules.0.{field}"
    assert refused.json()["fix"]


def test_errors_keep_rules_from_being_saved_and_warnings_do_not(ops: TestClient) -> None:
    nowhere = {**_RULES, "rules": [{**_RULE, "then": {"primary": "nowhere"}}]}
    refused = _put(ops, nowhere)
    assert (refused.status_code, refused.json()["field"]) == (422, "rule chat")
    codes = {(each["code"], each["severity"]) for each in refused.json()["findings"]}
    assert codes == {("dangling-department", "error"), ("unrouted-label", "warning")}
    assert _stands(ops) == _RULES
    over = {**_RULE, "effective_to": "2020-01-01T00:00:00Z"}
    saved = _put(ops, {**_RULES, "rules": [*_RULES["rules"], over]})
    assert saved.status_code == 200
    assert [each["code"] for each in saved.json()["findings"]] == ["over"]


def test_lint_tells_of_the_active_rules_and_of_given_ones(ops: TestClient) -> None:
    assert ops.post("/v1/rules/lint", json={}).json() == {"findings": []}
    found = ops.post("/v1/rules/lint", json={"ruleset": {**_RULES, "rules": []}}).json()
    assert [each["code"] for each in found["findings"]] == ["unrouted-label"]
    assert _stands(ops) == _RULES


def test_one_rule_is_added_put_first_and_removed(ops: TestClient) -> None:
    any_ = {"if-match": "*"}
    assert ops.put("/v1/rules/chat", json={"rule": _RULE}, headers=any_).status_code == 200
    assert [rule["id"] for rule in _stands(ops)["rules"]] == ["money", "chat"]
    taken = ops.put("/v1/rules/x", json={"rule": {**_RULE, "id": "x"}}, headers=any_)
    assert (taken.status_code, taken.json()["field"]) == (422, "rule.order")
    wrong = ops.put("/v1/rules/x", json={"rule": _RULE}, headers=any_)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "rule.id")
    ids = {"rules": ["chat", "money"]}
    assert ops.post("/v1/rules/order", json=ids, headers=any_).status_code == 200
    assert [rule["id"] for rule in _stands(ops)["rules"]] == ["chat", "money"]
    half = ops.post("/v1/rules/order", json={"rules": ["chat"]}, headers=any_)
    assert (half.status_code, half.json()["field"]) == (422, "rules")
    assert ops.delete("/v1/rules/chat?note=gone", headers=any_).status_code == 200
    assert [rule["id"] for rule in _stands(ops)["rules"]] == ["money"]
    assert ops.delete("/v1/rules/chat", headers=any_).status_code == 404
    assert ops.delete("/v1/rules/money").status_code == 428


def test_a_revision_is_restored_as_a_new_one_and_pages_hold_each_once(ops: TestClient) -> None:
    first = ops.get("/v1/rules").json()["version"]
    _put(ops, _MOVED)
    stale = ops.post(
        f"/v1/rules/revisions/{first}/restore", json={}, headers={"if-match": f'"{first}"'}
    )
    assert stale.status_code == 412
    restored = ops.post(
        f"/v1/rules/revisions/{first}/restore", json={}, headers={"if-match": f'"{first + 1}"'}
    )
    assert (restored.status_code, restored.json()["version"]) == (200, first + 2)
    assert _stands(ops) == _RULES
    assert ops.get("/v1/rules").json()["note"] == f"as in revision {first}"
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = ops.get("/v1/rules/revisions", params=params).json()
        seen += [(each["version"], each["active"]) for each in page["revisions"]]
        if (cursor := page["next"]) is None:
            break
    assert seen[:3] == [(first + 2, True), (first + 1, False), (first, False)]
    assert len(seen) == len(set(seen)) == first + 2
    assert ops.get("/v1/rules/revisions/99999").status_code == 404


def test_yaml_that_comes_out_goes_in_and_a_plan_saves_nothing(ops: TestClient) -> None:
    out = ops.get("/v1/rules.yaml")
    assert out.headers["content-type"].startswith("application/yaml")
    planned = ops.post("/v1/rules/plan", content=out.text).json()
    assert (planned["changes"]["diff"], planned["refused"]) == ([], False)
    edited = out.text.replace("billing", "payments")
    planned = ops.post("/v1/rules/plan", content=edited).json()
    assert planned["changes"]["changed"] == ["money"]
    assert _stands(ops) == _RULES
    headers = {"if-match": out.headers["etag"]}
    applied = ops.post("/v1/rules/apply?note=ci", content=edited, headers=headers)
    assert (applied.status_code, _stands(ops)) == (200, _MOVED)
    assert ops.post("/v1/rules/apply", content=edited, headers=headers).status_code == 412
    broken = ops.post("/v1/rules/plan", content=edited.replace("order", "rank"))
    assert (broken.status_code, broken.json()["field"]) == (422, "line 3: rules.0.order")
    assert ops.post("/v1/rules/plan", content=b"\xff").status_code == 422


def test_an_agent_reads_rules_and_changes_none(ops: TestClient, engine: Engine) -> None:
    ops.headers.update(bearer(a_secret(engine, Role.AGENT, "ag")))
    assert ops.get("/v1/rules").status_code == 200
    assert _put(ops, _MOVED).status_code == 403
