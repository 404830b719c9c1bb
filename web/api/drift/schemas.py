"""The shapes of drift reports; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from store.figures.drift_reports import DriftReport, OpenWindow

_MOMENT = "2026-03-01T09:30:00Z"
_FINDING = {
    "signal": "predicted_rate",
    "label": "refund",
    "value": 0.21,
    "limit": 0.2,
    "noise": 0.03,
    "p_value": 0.0001,
    "reference": 0.11,
    "current": 0.32,
    "reference_n": 800,
    "current_n": 5000,
    "severity": "alert",
    "sentence": "refund is predicted for 32.0% of the tickets, 11.0% before.",
}
_LINE: dict[str, Any] = {
    "report": 12,
    "model_version": "2217492db84c",
    "since": _MOMENT,
    "until": _MOMENT,
    "tickets": 5000,
    "severity": "alert",
    "alerts": 1,
    "said": "1 alert on 5000 tickets: refund is predicted for 32.0% of the tickets, 11.0% before.",
    "created_at": _MOMENT,
}
_ASKED = {"model_version": "2217492db84c", "since": _MOMENT, "tickets": 731, "newest_report": 12}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class WantedReports(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ReportInList(BaseModel):
    """One check of one window of the live stream."""

    model_config = _example(_LINE)

    report: int
    model_version: str = Field(description="the model that decided the tickets")
    since: datetime = Field(description="when the first of them arrived")
    until: datetime
    tickets: int
    severity: str = Field(description="too_few, quiet, watch or alert: that of the gravest finding")
    alerts: int
    said: str
    created_at: datetime


class ReportList(BaseModel):
    """A page, newest first. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"reports": [_LINE], "next": None})

    reports: list[ReportInList]
    next: str | None


class DriftFinding(BaseModel):
    """One signal of one label, or of all tickets."""

    model_config = _example(_FINDING)

    signal: str
    label: str | None = Field(description="null where the signal is of all tickets")
    value: float = Field(description="what is compared with the limit; larger is graver")
    limit: float
    noise: float | None = Field(description="how large the value gets by chance")
    p_value: float | None = Field(description="corrected for the number of labels looked at")
    reference: float | None
    current: float | None
    reference_n: int
    current_n: int
    severity: str
    sentence: str


class ReportRecord(ReportInList):
    """A check with everything that it found."""

    model_config = _example({**_LINE, "findings": [_FINDING]})

    findings: list[DriftFinding]


class DriftAsked(BaseModel):
    """A check that trainers were asked for; its report is the one after `newest_report`."""

    model_config = _example(_ASKED)

    model_version: str
    since: datetime
    tickets: int = Field(description="that wait to be looked at, counted up to a window's size")
    newest_report: int | None


def line_of(report: DriftReport) -> ReportInList:
    """A report for a list."""
    return ReportInList(**_shared(report))


def record_of(report: DriftReport) -> ReportRecord:
    """A report with its findings."""
    findings = [DriftFinding(**found) for found in report.findings]
    return ReportRecord(**_shared(report), findings=findings)


def asked(window: OpenWindow, newest: DriftReport | None) -> DriftAsked:
    """What trainers were asked to look at."""
    return DriftAsked(
        model_version=window.serving.version,
        since=window.since,
        tickets=window.tickets,
        newest_report=None if newest is None else newest.id,
    )


def _shared(report: DriftReport) -> dict[str, Any]:
    return {
        "report": report.id,
        "model_version": report.model_version,
        "since": report.since,
        "until": report.until,
        "tickets": report.tickets,
        "severity": report.severity,
        "alerts": report.alerts,
        "said": _said(report),
        "created_at": report.created_at,
    }


def _said(report: DriftReport) -> str:
    if not report.findings:
        return f"The first {report.tickets} tickets are what later ones are held to."
    grave = [found["sentence"] for found in report.findings if found["severity"] == "alert"]
    if not grave:
        return f"Nothing alerts on {report.tickets} tickets."
    alerts = "1 alert" if len(grave) == 1 else f"{len(grave)} alerts, the first"
    return f"{alerts} on {report.tickets} tickets: {grave[0]}"
