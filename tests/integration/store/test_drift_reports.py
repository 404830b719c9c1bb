from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from store.engine import transaction
from store.figures import drift_reports
from store.figures.drift_reports import DriftReport, Found
from store.models import model_versions

_AT = datetime(2026, 3, 1, tzinfo=UTC)
_ALERT: Mapping[str, Any] = {
    "signal": "text_auc",
    "label": None,
    "value": 0.9,
    "limit": 0.8,
    "severity": "alert",
    "sentence": "Different.",
}


@pytest.fixture(autouse=True)
def versions(engine: Engine) -> None:
    def work(connection: object) -> None:
        for version in ("m1", "m2"):
            model_versions.register(
                connection,  # type: ignore[arg-type]
                version=version,
                path="/nowhere",  # type: ignore[arg-type]
                labels=(),
                metrics={},
            )

    transaction(engine, work)


def _found(version: str = "m1", day: int = 0, *findings: Mapping[str, Any]) -> Found:
    since = _AT + timedelta(days=day)
    return Found(
        model_version=version,
        since=since,
        until=since + timedelta(days=1),
        tickets=500,
        findings=findings,
    )


def _keep(engine: Engine, found: Found) -> DriftReport | None:
    return transaction(engine, lambda c: drift_reports.keep(c, found))


def _events(engine: Engine) -> int:
    with engine.connect() as connection:
        events = text("SELECT count(*) FROM outbox WHERE event = 'drift.detected'")
        return int(connection.execute(events).scalar_one())


def test_a_window_has_one_report_and_its_alerts_one_event(engine: Engine) -> None:
    quiet = {**_ALERT, "severity": "quiet"}
    first = _keep(engine, _found("m1", 0, _ALERT, quiet))
    assert first is not None
    assert first.alerts == 1
    assert _keep(engine, _found("m1", 0, _ALERT)) is None
    assert _keep(engine, _found("m1", 1, quiet)) is not None
    assert _events(engine) == 1


def test_versions_have_their_own_reports_references_and_windows(engine: Engine) -> None:
    _keep(engine, _found("m1", 0))
    _keep(engine, _found("m1", 1, _ALERT))
    _keep(engine, _found("m2", 5, _ALERT))

    def read(connection: object) -> tuple[object, ...]:
        newest = drift_reports.newest(connection)  # type: ignore[arg-type]
        of_first = drift_reports.newest(connection, "m1")  # type: ignore[arg-type]
        marked = drift_reports.reference_of(connection, "m1")  # type: ignore[arg-type]
        none = drift_reports.reference_of(connection, "m2")  # type: ignore[arg-type]
        until = drift_reports.looked_at_until(connection, "m1")  # type: ignore[arg-type]
        assert newest is not None
        assert of_first is not None
        assert marked is not None
        return newest.model_version, of_first.since, marked.since, none, until

    day = timedelta(days=1)
    expected = ("m2", _AT + day, _AT, None, _AT + 2 * day)
    assert transaction(engine, read) == expected
