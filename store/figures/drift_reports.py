"""What drift checks found: one row a window, with its events.

A row without findings marks the stretch of time that a version's later windows are compared with,
where it has no holdout.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text

from core.events import EventName
from store.delivery import outbox
from store.figures import stream
from store.figures.stream import Serving

QUIET = "quiet"
_GRAVITY = ("too_few", QUIET, "watch", "alert")
_COLUMNS = "id, model_version, since, until, tickets, alerts, findings, created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """One check.

    Attributes:
        since: the window's first moment, of arrival.
        until: its end.
        tickets: that were looked at.
        alerts: findings that alert.
        findings: JSON objects, as `trainer.drift.findings.Finding` gives them.
    """

    id: int
    model_version: str
    since: datetime
    until: datetime
    tickets: int
    alerts: int
    findings: Sequence[Mapping[str, Any]]
    created_at: datetime

    @property
    def severity(self) -> str:
        """That of the gravest finding; quiet where there is none."""
        return max(
            (found["severity"] for found in self.findings), key=_GRAVITY.index, default=QUIET
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWindow:
    """The tickets that no report covers yet.

    Attributes:
        serving: the model that decided them, and the database's clock.
        since: when the first of them arrived.
        tickets: decided so far; counted up to some number.
        reference: the stretch of decisions to compare with; None where there is a holdout, or
            nothing yet.
    """

    serving: Serving
    since: datetime
    tickets: int
    reference: DriftReport | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check found, to be kept."""

    model_version: str
    since: datetime
    until: datetime
    tickets: int
    findings: Sequence[Mapping[str, Any]]

    @property
    def alerts(self) -> list[Mapping[str, Any]]:
        """The findings that alert."""
        return [finding for finding in self.findings if finding["severity"] == "alert"]

    @property
    def window(self) -> str:
        """Names the window by its beginning, so that two that check it at once keep one."""
        return f"{self.model_version} since {self.since.isoformat()}"


def keep(connection: Connection, found: Found) -> DriftReport | None:
    """Stores a check, and with it what it tells: that it ended, and whether something alerts.

    Returns:
        None when the window has a report already, which then counts.
    """
    row = connection.execute(
        text(
            'INSERT INTO drift_reports ("window", model_version, since, until, tickets, alerts, '
            "findings) VALUES (:window, :version, :since, :until, :tickets, :alerts, "
            'CAST(:findings AS jsonb)) ON CONFLICT ("window") DO NOTHING '
            f"RETURNING {_COLUMNS}"
        ),
        {
            "window": found.window,
            "version": found.model_version,
            "since": found.since,
            "until": found.until,
            "tickets": found.tickets,
            "alerts": len(found.alerts),
            "findings": json.dumps(list(found.findings), ensure_ascii=False),
        },
    ).one_or_none()
    if row is None:
        return None
    if found.findings:
        outbox.tell(connection, EventName.DRIFT_CHECKED, _payload(row.id, found))
    if found.alerts:
        outbox.tell(connection, EventName.DRIFT_DETECTED, _payload(row.id, found))
    return _report(row)


def newest(connection: Connection, version: str | None = None) -> DriftReport | None:
    """The report made last, of one version or of any; None while there is none."""
    return _one(
        connection,
        "(CAST(:version AS text) IS NULL OR model_version = :version) "
        "AND jsonb_array_length(findings) > 0",
        version,
    )


def find(connection: Connection, id_: int) -> DriftReport | None:
    """A report by its id."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM drift_reports WHERE id = :id"), {"id": id_}
    ).one_or_none()
    return None if row is None else _report(row)


def page(connection: Connection, *, before: int | None, most: int) -> list[DriftReport]:
    """The newest reports with findings, of any version; those before one where it is named."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM drift_reports WHERE jsonb_array_length(findings) > 0 "
            f"AND id < coalesce(:before, {2**63 - 1}) ORDER BY id DESC LIMIT :most"
        ),
        {"before": before, "most": most},
    )
    return [_report(row) for row in rows]


def open_window(connection: Connection, *, enough: int) -> OpenWindow | None:
    """The window that the next check is about; None while no model serves.

    Args:
        connection: an open transaction.
        enough: tickets are counted up to this number.
    """
    serving = stream.serving(connection)
    if serving is None:
        return None
    looked_at = looked_at_until(connection, serving.version)
    since = max(serving.activated_at, looked_at or serving.activated_at)
    return OpenWindow(
        serving=serving,
        since=since,
        tickets=stream.count_decided(
            connection, serving.version, since, serving.now, enough=enough
        ),
        reference=reference_of(connection, serving.version),
    )


def page_file(state: Path, id_: int) -> Path:
    """Where the trainer that made a report leaves its HTML page: on the volume with the models."""
    return state / "drift_pages" / f"{id_}.html"


def reference_of(connection: Connection, version: str) -> DriftReport | None:
    """The stretch that a version's windows are compared with, if one was marked."""
    return _one(
        connection, "model_version = :version AND jsonb_array_length(findings) = 0", version
    )


def looked_at_until(connection: Connection, version: str) -> datetime | None:
    """Until when a version's tickets were looked at; None when they never were."""
    return connection.execute(
        text("SELECT max(until) FROM drift_reports WHERE model_version = :version"),
        {"version": version},
    ).scalar()


def _one(connection: Connection, which: str, version: str | None) -> DriftReport | None:
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM drift_reports WHERE {which} ORDER BY id DESC LIMIT 1"),
        {"version": version},
    ).one_or_none()
    return None if row is None else _report(row)


def _report(row: Row[Any]) -> DriftReport:
    return DriftReport(**row._mapping)


def _payload(id_: int, found: Found) -> dict[str, Any]:
    return {
        "report": id_,
        "model_version": found.model_version,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "tickets": found.tickets,
        "alerts": [
            {name: alert[name] for name in ("signal", "label", "value", "limit", "sentence")}
            for alert in found.alerts
        ],
    }
