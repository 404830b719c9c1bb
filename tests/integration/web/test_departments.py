"""Departments over HTTP: rules follow a new name, and keep a department from going."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from core.types import Role
from router.ruleset import ruleset_object
from store.engine import transaction
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department
from tests.factories.callers import a_secret, bearer
from tests.factories.rulesets import a_rule, a_ruleset

_ANY = {"if-match": "*"}


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    """Kim of ops, with rules that name two departments."""
    rules = a_ruleset(
        a_rule(10, id="money", primary="billing", collaborators=("orders",)),
        a_rule(20, id="late", primary="orders", enabled=False),
    )

    def work(connection: Connection) -> None:
        names = ("desk", "billing", "orders", "idle")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        rulesets.save(connection, ruleset_object(rules), author="ann", note="first")

    transaction(engine, work)
    client.headers.update(bearer(a_secret(engine, Role.OPS, "kim")))
    return client


def _names(ops: TestClient) -> list[str]:
    return [each["name"] for each in ops.get("/v1/departments").json()["departments"]]


def _post(ops: TestClient, path: str, body: Any = None, headers: Any = None) -> Any:
    return ops.post(f"/v1/departments{path}", json=body, headers=headers or _ANY)


def test_a_department_is_added_described_and_made_the_default(ops: TestClient) -> None:
    made = _post(ops, "", {"name": "returns", "description": "Parcels back"})
    assert (made.status_code, made.json()["is_default"]) == (201, False)
    assert _post(ops, "", {"name": "returns"}).status_code == 409
    change = {"description": "Parcels that come back", "is_default": True}
    tag = {"if-match": made.headers["etag"]}
    changed = ops.patch("/v1/departments/returns", json=change, headers=tag)
    assert changed.json() == {"name": "returns", **change}
    stale = ops.patch("/v1/departments/returns", json=change, headers=tag)
    assert (stale.status_code, stale.json()["current"]) == (412, {"name": "returns", **change})
    assert ops.patch("/v1/departments/returns", json=change).status_code == 428
    defaults = [
        each["name"]
        for each in ops.get("/v1/departments").json()["departments"]
        if each["is_default"]
    ]
    assert defaults == ["returns"]
    taken = ops.patch("/v1/departments/returns", json={"is_default": False}, headers=_ANY)
    assert (taken.status_code, taken.json()["field"]) == (422, "is_default")


def test_rules_follow_a_new_name_in_a_revision_of_their_own(
    ops: TestClient, engine: Engine
) -> None:
    before = ops.get("/v1/rules").json()["version"]
    renamed = _post(ops, "/orders/rename", {"name": "logistics"})
    assert renamed.json()["ruleset_version"] == before + 1
    rules = ops.get("/v1/rules").json()
    assert rules["author"] == "kim"
    assert [rule["then"] for rule in rules["ruleset"]["rules"]] == [
        {"primary": "billing", "collaborators": ["logistics"]},
        {"primary": "logistics"},
    ]
    assert "logistics" in _names(ops)
    assert "orders" not in _names(ops)
    assert ops.get("/v1/departments/orders").status_code == 404
    assert _post(ops, "/logistics/rename", {"name": "billing"}).status_code == 409
    assert _post(ops, "/idle/rename", {"name": "calm"}).json()["ruleset_version"] is None
    query = text("SELECT action FROM audit_log WHERE actor = 'kim' AND subject LIKE 'department%'")
    assert transaction(engine, lambda c: c.execute(query).scalars().all()) == [
        "department.renamed",
        "department.renamed",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [("orders", "money, late"), ("desk", "no rule takes"), ("service-desk", "default department")],
)
def test_what_is_needed_is_not_retired(ops: TestClient, name: str, why: str) -> None:
    refused = _post(ops, f"/{name}/retire")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    assert why in refused.json()["detail"]
    assert refused.json()["fix"]
    assert name in _names(ops)


def test_a_retired_department_can_be_named_by_no_rule_and_comes_back(ops: TestClient) -> None:
    assert _post(ops, "/idle/retire").json() == {"retired": "idle"}
    assert "idle" not in _names(ops)
    ruleset = {"default_department": "idle"}
    put = ops.put("/v1/rules", json={"ruleset": ruleset}, headers=_ANY)
    assert (put.status_code, put.json()["findings"][0]["code"]) == (422, "missing-default")
    assert _post(ops, "", {"name": "idle"}).status_code == 201
    assert ops.put("/v1/rules", json={"ruleset": ruleset}, headers=_ANY).status_code == 200


@pytest.mark.parametrize("name", ["", " x", "a/b", "a\nb", "x" * 201])
def test_a_name_that_no_path_could_hold_is_refused(ops: TestClient, name: str) -> None:
    refused = _post(ops, "", {"name": name})
    assert (refused.status_code, refused.json()["field"]) == (422, "name")
