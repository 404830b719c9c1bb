"""The audit log, erasures and settings as those who answer for a Pointsman read them."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Role
from store.access import audit
from store.engine import transaction
from store.queue.tickets import accept
from tests.factories.callers import Serve, a_person, sign_in
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket

_EVIL = "<script>alert(1)</script>"
_XENIA = "xenia@example.org"


def signed_in(client: TestClient, engine: Engine, role: Role = Role.OPS) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf})
    return client


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    return signed_in(client, engine)


def _send(client: TestClient, path: str, **fields: Any) -> Any:
    return client.post(path, data=fields, headers={"hx-request": "true"})


def _record(engine: Engine, actor: str, action: str, subject: str, **detail: Any) -> None:
    def work(connection: Any) -> None:
        audit.record(connection, actor=actor, action=action, subject=subject, detail=detail)

    transaction(engine, work)


def test_the_log_is_filtered_and_names_are_harmless(ops: TestClient, engine: Engine) -> None:
    _record(engine, _EVIL, "rules.saved", "ruleset 7", note=_EVIL, rules=["a", 1])
    _record(engine, "kim", "label.renamed", "label 8")
    page = ops.get("/admin/audit").text
    assert _EVIL not in page
    assert "note: &lt;script&gt;" in page
    assert "ruleset 7" in page
    for query in ("area=rules", "subject=ruleset+7", "actor=%3Cscript%3Ealert(1)%3C/script%3E"):
        found = ops.get(f"/admin/audit?{query}&since=&until=").text
        assert "ruleset 7" in found
        assert "label 8" not in found
    assert "Nothing fits" in ops.get("/admin/audit?until=2001-01-01").text
    assert "ruleset 7" in ops.get("/admin/audit?since=2001-01-01&until=2999-01-01").text
    for wrong in ("since=soon", "until=9999-12-31", "cursor=x", "actor=%00"):
        assert ops.get(f"/admin/audit?{wrong}").status_code in (200, 422), wrong


def test_the_log_goes_on_page_by_page_with_its_filter(ops: TestClient, engine: Engine) -> None:
    for number in range(51):
        _record(engine, "kim & co", "rules.saved", f"ruleset {number}.")
    first = ops.get("/admin/audit?actor=kim+%26+co").text
    assert "ruleset 50." in first
    assert "ruleset 0." not in first
    older = first.split('href="/admin/audit?actor=kim+%26+co&amp;cursor=')[1].split('"')[0]
    second = ops.get(f"/admin/audit?actor=kim+%26+co&cursor={older}").text
    assert "ruleset 0." in second
    assert "ruleset 50." not in second


def test_the_chain_is_checked_and_a_break_is_named(ops: TestClient, engine: Engine) -> None:
    _record(engine, "kim", "rules.saved", "ruleset 7")
    assert "The chain is sound." in ops.get("/admin/audit/check").text

    def tamper(connection: Any) -> int:
        connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER USER"))
        changed = "UPDATE audit_log SET actor = 'x' WHERE subject = 'ruleset 7' RETURNING id"
        return int(connection.execute(text(changed)).scalar_one())

    broken = transaction(engine, tamper)
    assert f"The chain is broken at entry {broken}." in ops.get("/admin/audit/check").text


def test_a_customer_is_counted_typed_and_erased_with_a_receipt(
    ops: TestClient, engine: Engine
) -> None:
    for number in range(2):
        ticket = a_ticket(f"t-{number}", customer=_XENIA)
        transaction(engine, lambda c, t=ticket: accept(c, [t], source="shop"))  # type: ignore[misc]
    decide_all(engine)
    whom = {"kind": "customer", "customer": _XENIA}
    assert "2 tickets would go." in _send(ops, "/admin/erasures/look", **whom).text
    wrong = _send(ops, "/admin/erasures", **whom, typed="xenia")
    assert (wrong.status_code, "is not what is to be erased" in wrong.text) == (422, True)
    assert "Nothing was erased yet" in ops.get("/admin/erasures").text
    done = _send(ops, "/admin/erasures", **whom, typed=_XENIA)
    place = done.headers["hx-redirect"]
    receipt = ops.get(place).text
    assert "Files wait for a trainer" in receipt
    assert "ticket_contents" in receipt
    assert "xenia" not in receipt
    listed = ops.get("/admin/erasures").text
    assert place in listed
    assert "xenia" not in listed
    assert "No ticket of this is here." in _send(ops, "/admin/erasures/look", **whom).text
    again = _send(ops, "/admin/erasures", **whom, typed=_XENIA)
    assert again.headers["hx-redirect"] == place


def test_what_is_not_here_or_no_id_is_told(ops: TestClient) -> None:
    key = {"kind": "key", "source": "shop", "external_id": _EVIL}
    look = _send(ops, "/admin/erasures/look", **key)
    assert "No ticket of this is here." in look.text
    assert _EVIL not in look.text
    assert _send(ops, "/admin/erasures", **key, typed=_EVIL).status_code == 404
    bad = _send(ops, "/admin/erasures/look", kind="id", ticket="no-uuid")
    assert (bad.status_code, "ticket_id" in bad.text) == (422, True)
    for wrong in ({"kind": "all"}, {"kind": "customer", "customer": "\0"}, {"kind": "key"}):
        assert _send(ops, "/admin/erasures/look", **wrong).status_code in (200, 422), wrong
    assert ops.get("/admin/erasures/0198c0de-0000-7000-8000-000000000000").status_code == 404


def test_approvers_read_receipts_and_are_offered_no_erasing(
    client: TestClient, engine: Engine
) -> None:
    approver = signed_in(client, engine, Role.APPROVER)
    assert "Show what would go" not in approver.get("/admin/erasures").text
    refused = _send(approver, "/admin/erasures", kind="customer", customer="x", typed="x")
    assert refused.status_code == 403
    assert approver.get("/admin/settings").status_code == 403


def test_settings_say_value_and_source_and_keep_secrets(serve: Serve, engine: Engine) -> None:
    client = serve(lease_s=31, oidc_client_secret="hush-hush", console_guest=_EVIL)
    page = signed_in(client, engine).get("/admin/settings").text
    for words in ("POINTSMAN_LEASE_S", ">31<", "given at the start", "(seconds, over 0)"):
        assert words in page
    assert "hush-hush" not in page
    assert "postgresql://" not in page
    assert _EVIL not in page
    assert page.count('class="setting"') > 90
