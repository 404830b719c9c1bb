"""The gate on a change of its own; the doors under control have their tests beside them."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from core.errors import Invalid
from core.types import ControlledArea, ProposalVerdict, Role
from store.access.proposals import Proposal, proposals
from store.engine import transaction
from tests.factories.callers import Serve, a_doorman, a_secret, bearer
from web.access import admit
from web.api.control.gate import Change, Gate, Proposed
from web.api.control.proposals import proposal_routes
from web.errors import add_error_answers
from web.problems import Problem


class Rename(BaseModel):
    department: str
    to: str


def _rename(connection: Connection, body: Rename, by: str) -> str:
    if not body.to:
        raise Invalid("to", "is empty", "give a name")
    found = connection.execute(
        text("UPDATE departments SET name = :to, description = :by WHERE name = :name"),
        {"to": body.to, "by": by, "name": body.department},
    )
    if not found.rowcount:
        raise Problem("conflict", f"There is no {body.department} any more.")
    return body.to


RENAME = Change(name="department.rename", area=ControlledArea.RULES, body=Rename, make=_rename)
_BILLING = Rename(department="billing", to="money")


@pytest.fixture
def names(engine: Engine) -> Callable[[], dict[str, str]]:
    insert = text("INSERT INTO departments (name) VALUES ('billing')")
    transaction(engine, lambda c: c.execute(insert))
    read = text("SELECT name, description FROM departments WHERE NOT is_default")
    return lambda: dict(transaction(engine, lambda c: [tuple(row) for row in c.execute(read)]))


@pytest.fixture
def gate(engine: Engine) -> Gate:
    return Gate(engine, {ControlledArea.RULES}, [RENAME])


def _proposed(gate: Gate, body: Rename = _BILLING) -> Proposal:
    with pytest.raises(Proposed) as caught:
        gate.run(RENAME, body, by="kim", note="as finance calls it")
    return caught.value.kept


def test_outside_the_areas_a_change_is_made_at_once(
    engine: Engine, names: Callable[[], dict[str, str]]
) -> None:
    gate = Gate(engine, {ControlledArea.ACTIVATION}, [RENAME])
    assert gate.run(RENAME, _BILLING, by="kim") == "money"
    assert names() == {"money": "kim"}


def test_under_control_nothing_happens_until_another_says_yes(
    gate: Gate, names: Callable[[], dict[str, str]]
) -> None:
    waiting = _proposed(gate)
    assert names() == {"billing": ""}
    settled = gate.settle(waiting.id, ProposalVerdict.APPROVED, by="ann", reason="fine")
    assert names() == {"money": "kim"}
    assert (settled.decided_by, settled.verdict) == ("ann", ProposalVerdict.APPROVED)


def test_what_could_not_be_done_is_refused_when_it_is_proposed(
    gate: Gate, engine: Engine, names: Callable[[], dict[str, str]]
) -> None:
    with pytest.raises(Invalid, match="to"):
        _proposed(gate, Rename(department="billing", to=""))
    assert transaction(engine, lambda c: proposals(c, before=None, most=9, waiting=False)) == []


@pytest.mark.parametrize("verdict", [ProposalVerdict.APPROVED, ProposalVerdict.REJECTED])
def test_nobody_settles_their_own(
    gate: Gate, names: Callable[[], dict[str, str]], verdict: ProposalVerdict
) -> None:
    waiting = _proposed(gate)
    with pytest.raises(Problem, match="your own"):
        gate.settle(waiting.id, verdict, by="kim", reason="")
    assert names() == {"billing": ""}


def test_only_its_author_withdraws_it_and_then_it_is_settled(
    gate: Gate, names: Callable[[], dict[str, str]]
) -> None:
    waiting = _proposed(gate)
    with pytest.raises(Problem, match="Only kim"):
        gate.settle(waiting.id, ProposalVerdict.WITHDRAWN, by="ann", reason="")
    gate.settle(waiting.id, ProposalVerdict.WITHDRAWN, by="kim", reason="")
    with pytest.raises(Problem, match="was withdrawn"):
        gate.settle(waiting.id, ProposalVerdict.APPROVED, by="ann", reason="")
    assert names() == {"billing": ""}


def test_what_fits_no_longer_is_refused_and_waits_on(
    gate: Gate, engine: Engine, names: Callable[[], dict[str, str]]
) -> None:
    first, second = _proposed(gate), _proposed(gate)
    gate.settle(first.id, ProposalVerdict.APPROVED, by="ann", reason="")
    with pytest.raises(Problem, match="no billing"):
        gate.settle(second.id, ProposalVerdict.APPROVED, by="ann", reason="")
    left = transaction(engine, lambda c: proposals(c, before=None, most=9, waiting=True))
    assert [each.id for each in left] == [second.id]


def test_the_doors_show_and_settle_proposals(
    engine: Engine, gate: Gate, names: Callable[[], dict[str, str]]
) -> None:
    app = FastAPI()
    add_error_answers(app)
    admit(app, [proposal_routes(engine, gate)], a_doorman(engine))
    client, waiting = TestClient(app), _proposed(gate)
    ops, ann = (
        bearer(a_secret(engine, role, name=name))
        for role, name in ((Role.OPS, "kim"), (Role.APPROVER, "ann"))
    )
    listed = client.get("/v1/proposals", params={"waiting": True}, headers=ops).json()
    assert [each["body"] for each in listed["proposals"]] == [_BILLING.model_dump()]
    place = f"/v1/proposals/{waiting.id}"
    assert client.post(f"{place}/approve", json={}, headers=ops).status_code == 403
    done = client.post(f"{place}/approve", json={"reason": "fine"}, headers=ann)
    assert (done.status_code, done.json()["verdict"]) == (200, "approved")
    assert client.post(f"{place}/reject", json={}, headers=ann).json()["type"].endswith("conflict")
    assert client.get("/v1/proposals/999", headers=ops).status_code == 404
    assert names() == {"money": "kim"}


class TestRulesUnderControl:
    @pytest.fixture
    def client(self, serve: Serve) -> TestClient:
        return serve(four_eyes="rules")

    def test_a_saved_ruleset_waits_and_decides_once_another_approved_it(
        self, client: TestClient, engine: Engine
    ) -> None:
        kim, ann = (
            bearer(a_secret(engine, role, name=name))
            for role, name in ((Role.OPS, "kim"), (Role.APPROVER, "ann"))
        )
        rules = [{"id": "first", "order": 10, "then": {"primary": "service-desk"}}]
        body = {"ruleset": {"default_department": "service-desk", "rules": rules}}
        kept = client.put("/v1/rules", json=body, headers={**kim, "if-match": '"1"'})
        assert (kept.status_code, kept.json()["proposed_by"]) == (202, "kim")
        assert client.get("/v1/rules", headers=kim).json()["version"] == 1
        place = kept.headers["location"]
        approved = client.post(f"{place}/approve", json={"reason": "fine"}, headers=ann)
        assert approved.status_code == 200, approved.text
        assert client.get("/v1/rules", headers=kim).json()["author"] == "kim"

    def test_what_was_overtaken_is_not_approved(self, client: TestClient, engine: Engine) -> None:
        kim, ann = (
            bearer(a_secret(engine, role, name=name))
            for role, name in ((Role.OPS, "kim"), (Role.APPROVER, "ann"))
        )
        places = []
        for rule in ("first", "second"):
            rules = [{"id": rule, "order": 10, "then": {"primary": "service-desk"}}]
            body = {"ruleset": {"default_department": "service-desk", "rules": rules}}
            kept = client.put("/v1/rules", json=body, headers={**kim, "if-match": '"1"'})
            places.append(kept.headers["location"])
        assert client.post(f"{places[0]}/approve", json={}, headers=ann).status_code == 200
        late = client.post(f"{places[1]}/approve", json={}, headers=ann)
        assert (late.status_code, late.json()["type"]) == (412, "/problems/changed-meanwhile")
