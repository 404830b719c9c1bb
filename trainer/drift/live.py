"""One window of the live stream against what the model that serves was made for.

Nothing is remembered but rows: a window begins where the last report of the version ended, and is
named by that beginning, so that two trainers that check at once keep one report. Until the report
is there, a check changes nothing, so that it may be killed at any time.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import structlog
from sqlalchemy import Connection, Engine

from classifier.artifacts import open_artifact
from classifier.scoring import Thresholds
from classifier.transformer import Network, load_network
from core.text import model_text
from store.engine import transaction
from store.figures import drift_reports, stream
from store.figures.drift_reports import DriftReport, Found, OpenWindow
from store.figures.stream import Decided
from trainer.drift.findings import Finding, Severity
from trainer.drift.limits import Limits
from trainer.drift.reference import (
    Seen,
    draw_texts,
    kept_or_made,
    see_decided,
    see_holdout,
)
from trainer.drift.report import page_of_window, report_page
from trainer.drift.text_watch import watch_texts
from trainer.drift.watch import watch
from trainer.drift.window import Window
from trainer.job.workspace import write_whole
from trainer.loop.snapshot import Side, rows_file

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """How the stream is watched.

    Attributes:
        state: folder that gets `drift`, with what references look like.
        device: that features are computed on.
        threads: torch threads; 0 leaves torch's own choice.
        every: a window is checked after this time, once it has `limits.min_tickets`.
        tickets: or as soon as it has this many; no more of a window are looked at.
        limits: what counts as drift.
    """

    state: Path
    device: str
    threads: int
    every: timedelta
    tickets: int
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of a wish to check; `report` is None where nothing was compared.

    Attributes:
        report: what was found.
        why: why nothing was compared, for people; empty otherwise.
    """

    report: DriftReport | None = None
    why: str = ""


def check(engine: Engine, plan: WatchPlan, *, now: bool = False) -> Checked:
    """Checks the open window if it is due.

    Args:
        engine: the database.
        plan: how.
        now: whether to check a window before it is due; never one with too few tickets.

    Raises:
        ArtifactInvalid: the artifact that serves is incomplete or altered.
        Transient: the database or the device's memory ran out; the window stays open.
        Permanent: the device failed.
    """
    enough = max(plan.tickets, plan.limits.min_tickets)
    window = transaction(engine, lambda c: drift_reports.open_window(c, enough=enough))
    if window is None:
        return Checked(why="no model serves")
    if window.tickets < plan.limits.min_tickets:
        few = f"{window.tickets} tickets since {window.since:%Y-%m-%d %H:%M}"
        return Checked(why=f"{few}; under {plan.limits.min_tickets} nothing is judged")
    is_due = window.serving.now - window.since >= plan.every or window.tickets >= plan.tickets
    if not (is_due or now):
        return Checked(why="the window is not full yet")
    return _compare(engine, window, plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One comparison: where from, how, and by which network."""

    engine: Engine
    plan: WatchPlan
    window: OpenWindow
    network: Network

    def reference(self) -> Seen | None:
        """What the version was validated on, or else its first tickets; None before any.

        A holdout that is not here, or too small to compare with, does not count.
        """
        serving, marked = self.window.serving, self.window.reference
        seen = None if serving.snapshot is None else self._holdout(serving.snapshot)
        if seen is not None and len(seen.scores) >= self.plan.limits.min_tickets:
            return seen
        return None if marked is None else self._marked(marked)

    def current(self) -> Seen:
        """The open window."""
        decided, texts = self._read(self.window.since, self.window.serving.now)
        return see_decided(self.network, decided, texts)

    def _holdout(self, snapshot: Path) -> Seen | None:
        rows = rows_file(snapshot, Side.HOLDOUT)
        if not rows.is_file():
            return None
        texts, most = draw_texts(rows, self.plan.tickets), self.plan.limits.text_sample
        return kept_or_made(
            self._file(snapshot.name[:16]),
            texts,
            lambda: see_holdout(self.network, texts, most_texts=most),
        )

    def _marked(self, marked: DriftReport) -> Seen:
        decided, texts = self._read(marked.since, marked.until)
        return kept_or_made(
            self._file(str(marked.id)), texts, lambda: see_decided(self.network, decided, texts)
        )

    def _file(self, of: str) -> Path:
        return self.plan.state / "drift" / f"{self.window.serving.version}-{of}.safetensors"

    def _read(self, since: datetime, until: datetime) -> tuple[list[Decided], list[str]]:
        """What the version decided on tickets that arrived then, and texts of some of them."""
        plan, version = self.plan, self.window.serving.version

        def read(connection: Connection) -> tuple[list[Decided], list[str]]:
            decided = stream.draw_decided(connection, version, since, until, most=plan.tickets)
            with_text = decided[: plan.limits.text_sample]
            contents = stream.contents_of(connection, with_text)
            return decided, [model_text(*content) for content in contents]

        return transaction(self.engine, read)


def _compare(engine: Engine, window: OpenWindow, plan: WatchPlan) -> Checked:
    serving = window.serving
    network = load_network(open_artifact(serving.path), device=plan.device, threads=plan.threads)
    look = _Look(engine=engine, plan=plan, window=window, network=network)
    reference = look.reference()
    if reference is None:
        transaction(engine, lambda c: drift_reports.keep(c, _found(window, ())))
        _log.info("drift_reference_marked", model=serving.version, tickets=window.tickets)
        return Checked(why=f"the first {window.tickets} tickets are what later ones are held to")
    found = _found(window, _findings(network, reference, look.current(), plan.limits))
    report = transaction(engine, lambda c: drift_reports.keep(c, found))
    if report is None:
        return Checked(why="another process checked this window")
    _tell(report)
    _draw(report, drift_reports.page_file(plan.state, report.id))
    return Checked(report=report)


def _draw(report: DriftReport, file: Path) -> None:
    """Leaves the report's page for who looks at it over HTTP."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, report_page(page_of_window(report)).encode())


def _findings(
    network: Network, reference: Seen, current: Seen, limits: Limits
) -> tuple[Finding, ...]:
    """By the labels that every record has a score of."""
    missing = np.isnan(np.concatenate([reference.scores, current.scores])).any(axis=0)  # (l)
    known = np.flatnonzero(~missing).tolist()
    names = [network.labels[column] for column in known]
    before, now = (Window(scores=seen.scores[:, known]) for seen in (reference, current))
    thresholds = Thresholds(by_label={name: network.thresholds[name] for name in names})
    return (
        *watch_texts(reference.as_texts(), current.as_texts(), limits, seed=0),
        *watch(before, now, thresholds, limits),
    )


def _found(window: OpenWindow, findings: tuple[Finding, ...]) -> Found:
    return Found(
        model_version=window.serving.version,
        since=window.since,
        until=window.serving.now,
        tickets=window.tickets,
        findings=[finding.as_object() for finding in findings],
    )


def _tell(report: DriftReport) -> None:
    """Into the log: quiet windows in a line, alerts in words."""
    _log.info("drift_checked", report=report.id, tickets=report.tickets, alerts=report.alerts)
    for finding in report.findings:
        if finding["severity"] == Severity.ALERT:
            _log.warning("drift_alert", report=report.id, finding=finding["sentence"])
