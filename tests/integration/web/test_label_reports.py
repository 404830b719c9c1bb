"""`/v1/label-reports` and its part of the labels page: seen, accepted, dismissed, remembered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from core.types import Role
from store.engine import transaction
from store.labels import label_reports
from store.labels.label_reports import Found
from store.queue.tickets import accept
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.callers import a_person, a_secret, bearer, sign_in
from tests.factories.deciding import decide_all
from tests.factories.values import tickets

_GAP, _OVERLAP = "5f0c8d2a91be", "a41b77c09d3e"


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, name="ann", role=Role.OPS)))
    return client


@pytest.fixture(autouse=True)
def report(engine: Engine, request: pytest.FixtureRequest) -> list[str]:
    """A gap of two tickets and a pair of labels; gives the tickets' ids."""

    def words(connection: Connection) -> None:
        names = [Label(name=name) for name in ("delivery", "refund")]
        taxonomy.add_labels(connection, names)
        accept(connection, tickets(2), source="shop")

    transaction(engine, words)
    decide_all(engine)
    with engine.connect() as connection:
        ids = [str(id_) for id_ in connection.execute(text("SELECT id FROM tickets")).scalars()]
    gap = {"key": _GAP, "terms": ["vpn", "tunnel"], "tickets": 30, "examples": ids}
    overlap = {
        "key": _OVERLAP,
        "labels": ["delivery", "refund"],
        "sign": "corrections",
        "value": 12,
    }
    now = datetime.now(UTC)
    found = Found(
        model_version="m",
        since=now - timedelta(days=7),
        until=now,
        tickets=80,
        gaps=[gap],
        overlaps=[overlap],
    )
    transaction(engine, lambda c: label_reports.keep(c, found, after=None))
    return ids


def _shown(ops: TestClient) -> Any:
    return ops.get("/v1/label-reports").json()


def test_the_newest_look_is_shown(ops: TestClient, report: list[str]) -> None:
    said = _shown(ops)
    assert said["gaps"][0]["examples"] == report
    assert said["overlaps"][0]["labels"] == ["delivery", "refund"]


def test_a_label_is_made_of_a_gap_with_its_tickets(ops: TestClient, engine: Engine) -> None:
    made = ops.post(f"/v1/label-reports/{_GAP}/accept", json={"label": "vpn"})
    assert (made.status_code, made.json()["state"]) == (200, "done")
    label = ops.get("/v1/labels/vpn").json()
    assert (label["level"]["automation"], label["description"]) == ("suggest", "vpn tunnel")
    assert label["tickets"] == 2
    assert _shown(ops)["gaps"] == []
    assert ops.post(f"/v1/label-reports/{_GAP}/accept", json={"label": "x"}).status_code == 404


def test_a_name_that_is_taken_is_refused_and_the_gap_stays(ops: TestClient) -> None:
    refused = ops.post(f"/v1/label-reports/{_GAP}/accept", json={"label": "refund"})
    assert refused.status_code in (409, 422)
    assert len(_shown(ops)["gaps"]) == 1


def test_what_is_dismissed_is_not_shown_again(ops: TestClient, engine: Engine) -> None:
    for key in (_GAP, _OVERLAP):
        assert ops.post(f"/v1/label-reports/{key}/dismiss").status_code == 204
    assert (_shown(ops)["gaps"], _shown(ops)["overlaps"]) == ([], [])
    assert ops.post(f"/v1/label-reports/{_GAP}/dismiss").status_code == 404
    with engine.connect() as connection:
        audited = connection.execute(
            text("SELECT count(*) FROM audit_log WHERE action = 'label_report.dismissed'")
        ).scalar_one()
    assert audited == 2


def test_the_labels_page_shows_both_and_takes_a_name(client: TestClient, engine: Engine) -> None:
    a_person(engine, role=Role.OPS)
    csrf = {"x-csrf-token": sign_in(client)}
    assert "/labels/care" in client.get("/labels").text
    shown = client.get("/labels/care").text
    assert "vpn, tunnel" in shown
    assert "12 corrections exchanged one for the other" in shown
    done = client.post(f"/labels/care/{_GAP}/accept", data={"name": "vpn"}, headers=csrf)
    assert (done.status_code, done.headers["hx-redirect"]) == (204, "/labels")
    left = client.post(f"/labels/care/{_OVERLAP}/dismiss", headers=csrf).text
    assert "They want no label of their own" in left
