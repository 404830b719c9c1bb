"""Ops edits a rule: sees what it would have done, saves it, and the next ticket follows at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Role
from store.engine import transaction
from store.rules.taxonomy import Label, add_labels
from tests.factories.artifacts import LABELS
from tests.factories.callers import a_secret, bearer, web_settings
from tests.factories.processes import wait_until
from tests.factories.values import tickets
from tests.faults.conftest import System
from web.app import make_app

_PATIENCE_S = 60.0  # a busy machine's; workers look once a second


@pytest.fixture
def system(engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[System]:
    made = System(engine=engine, urls=(postgres_url, redis_url), folder=tmp_path)
    made.install_model()
    yield made
    made.close()


@pytest.fixture
def ops(system: System, postgres_url: str, redis_url: str) -> Iterator[TestClient]:
    with TestClient(make_app(web_settings(postgres_url, redis_url))) as client:
        client.headers.update(bearer(a_secret(system.engine, Role.OPS, "kim")))
        yield client


def _everything_to(department: str) -> dict[str, Any]:
    rule = {"id": "all", "order": 10, "then": {"primary": department}}
    return {"default_department": "service-desk", "rules": [rule]}


def _save(ops: TestClient, department: str) -> int:
    tag = ops.get("/v1/rules").headers["etag"]
    body = {"ruleset": _everything_to(department), "note": f"all to {department}"}
    saved = ops.put("/v1/rules", json=body, headers={"if-match": tag})
    assert saved.status_code == 200, saved.text
    return int(saved.json()["version"])


def _wait_for_workers_on(system: System, version: int) -> None:
    wait_until(
        lambda: [w.report.ruleset_version for w in system.alive()] == [version] * 2,
        timeout_s=_PATIENCE_S,
        what=f"both workers on revision {version}",
        seen=system.processes.logs,
    )


def _departments(ops: TestClient, system: System, prefix: str) -> set[str]:
    system.sender.send(tickets(20, prefix=prefix))
    system.wait_until_decided()
    found = ops.get("/v1/tickets", params={"limit": 200}).json()["tickets"]
    return {each["primary_department"] for each in found if each["external_id"].startswith(prefix)}


def test_an_edit_is_tried_saved_followed_by_every_worker_and_taken_back(
    ops: TestClient, system: System
) -> None:
    transaction(system.engine, lambda c: add_labels(c, [Label(name=name) for name in LABELS]))
    for name in ("billing", "orders"):
        assert ops.post("/v1/departments", json={"name": name}).status_code == 201
    first = _save(ops, "billing")
    for _ in range(2):
        system.start_worker()
    system.wait_for_workers(2)
    _wait_for_workers_on(system, first)
    assert _departments(ops, system, "before") == {"billing"}

    tried = ops.post("/v1/rules/backtest", json={"ruleset": _everything_to("orders")}).json()
    (move,) = tried["moves"]
    assert (move["before"], move["after"], move["tickets"]) == ("billing", "orders", 20)

    second = _save(ops, "orders")
    _wait_for_workers_on(system, second)
    assert _departments(ops, system, "after") == {"orders"}

    tag = {"if-match": f'"{second}"'}
    restored = ops.post(f"/v1/rules/revisions/{first}/restore", json={}, headers=tag)
    third = int(restored.json()["version"])
    _wait_for_workers_on(system, third)
    assert _departments(ops, system, "restored") == {"billing"}

    assert [hit["held"] for hit in ops.get("/v1/rules/hits").json()["rules"]] == [60]
    query = text(
        "SELECT subject, detail ->> 'note' AS note FROM audit_log "
        "WHERE actor = 'kim' AND action = 'rules.saved' ORDER BY id"
    )
    told = transaction(system.engine, lambda c: c.execute(query).all())
    assert [(each.subject, each.note) for each in told] == [
        (f"ruleset {first}", "all to billing"),
        (f"ruleset {second}", "all to orders"),
        (f"ruleset {third}", f"as in revision {first}"),
    ]
