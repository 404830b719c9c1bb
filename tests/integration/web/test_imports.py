"""`/v1/imports`: rows of exports over HTTP, again without harm, each refusal by its number."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Role
from store.engine import transaction
from store.models.snapshots import base_tickets
from tests.factories.callers import a_secret, bearer


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, name="ann", role=Role.OPS)))
    return client


def _zendesk(n: int, **changes: Any) -> dict[str, Any]:
    comments = [{"public": True, "body": f"Where is parcel {n}?"}]
    return {"id": n, "subject": "Parcel", "tags": ["delivery"], "comments": comments, **changes}


def _body(*rows: Any, **changes: Any) -> dict[str, Any]:
    return {"name": "2025", "format": "zendesk", "rows": list(rows), **changes}


def test_rows_come_in_once_and_refusals_are_numbered(ops: TestClient, engine: Engine) -> None:
    body = _body(_zendesk(1), _zendesk(2, tags=[]), _zendesk(3), first_row=501)
    said = ops.post("/v1/imports", json=body).json()
    assert said["outcomes"] == {"created": 2}
    assert [(r["row"], r["field"], r["problem"]) for r in said["refused"]] == [
        (502, "labels", "has no label left")
    ]
    again = ops.post("/v1/imports", json=body).json()
    assert again["outcomes"] == {"duplicate": 2}
    assert again["so_far"]["outcomes"] == {"created": 2, "duplicate": 2}
    assert again["so_far"]["source"] == "ann"
    assert [e.ticket.id for e in transaction(engine, lambda c: list(base_tickets(c)))] == ["1", "3"]


def test_no_event_and_no_waiting_ticket_comes_of_it(ops: TestClient, engine: Engine) -> None:
    ops.post("/v1/imports", json=_body(_zendesk(1)))
    with engine.connect() as connection:
        counts = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM review_items), "
                "(SELECT count(*) FROM tickets WHERE state <> 'decided')"
            )
        ).one()
    assert tuple(counts) == (0, 0, 0)


def test_a_mapping_finds_fields_and_renames_labels(ops: TestClient, engine: Engine) -> None:
    row = _zendesk(
        1, tags=["rfnd", "vip", "junk"], custom_fields=[{"id": 8, "value": "de"}], queue=["x", "Q2"]
    )
    mapping = {
        "fields": {"language": "custom_fields.id=8.value", "department": "queue.1"},
        "labels": {"rfnd": "refund", "vip": None},
        "only_named": True,
    }
    assert ops.post("/v1/imports", json=_body(row, mapping=mapping)).status_code == 200
    found = transaction(engine, lambda c: list(base_tickets(c)))[0].ticket
    assert (found.labels, found.language) == (("refund",), "de")
    assert found.metadata == {"final_department": "Q2"}


def test_imports_are_listed_and_shown(ops: TestClient) -> None:
    for name in ("a", "b", "c"):
        ops.post("/v1/imports", json=_body(_zendesk(1), name=name, source=name))
    first = ops.get("/v1/imports", params={"limit": 2}).json()
    second = ops.get("/v1/imports", params={"limit": 2, "cursor": first["next"]}).json()
    listed = [each["name"] for each in first["imports"] + second["imports"]]
    assert (listed, second["next"]) == (["c", "b", "a"], None)
    one = first["imports"][0]
    assert ops.get(f"/v1/imports/{one['id']}").json() == one
    assert one["outcomes"] == {"same_content": 1}
    assert ops.get("/v1/imports/999").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rows": []}, "rows"),
        ({"rows": [{}] * 1001}, "rows"),
        ({"rows": [1]}, "rows.0"),
        ({"name": ""}, "name"),
        ({"format": "xlsx"}, "format"),
        ({"mapping": {"fields": {"colour": "a"}}}, "mapping.fields.colour"),
        ({"colour": 1}, "colour"),
    ],
)
def test_what_is_no_import_is_refused(ops: TestClient, change: dict[str, Any], field: str) -> None:
    answer = ops.post("/v1/imports", json=_body(_zendesk(1)) | change)
    assert answer.status_code == 422
    assert answer.json()["field"].startswith(field)


def test_one_name_is_for_one_source(ops: TestClient) -> None:
    ops.post("/v1/imports", json=_body(_zendesk(1)))
    answer = ops.post("/v1/imports", json=_body(_zendesk(1), source="other"))
    assert (answer.status_code, answer.json()["field"]) == (422, "source")
