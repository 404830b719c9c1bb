import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from classifier.scoring import Thresholds
from core.errors import Invalid
from store.figures.drift_reports import DriftReport
from trainer.drift.compare import Comparison, Side
from trainer.drift.estimated import estimated_quality
from trainer.drift.findings import Severity
from trainer.drift.report import (
    grave_findings,
    page_of_files,
    page_of_window,
    report_page,
    write_report,
)
from trainer.drift.watch import watch
from trainer.drift.window import Window

LABELS = Thresholds.uniform(("billing", "<script>alert(1)</script>"))


def _side(name: str, window: Window) -> Side:
    expected = estimated_quality(window.scores, LABELS)
    return Side(name=name, refused_lines=0, window=window, expected=expected, measured=None)


def _comparison(seed: int, moved: float, count: int = 400) -> Comparison:
    chance = np.random.default_rng(seed)
    texts = [f"secret ticket text {n}" for n in range(count)]
    before = Window(scores=chance.beta(2, 8, (count, 2)), texts=texts)
    now = Window(scores=chance.beta(2 + moved, 8, (count, 2)), texts=texts)
    return Comparison(
        model="first",
        version="0" * 64,
        scored_by="network",
        reference=_side("before.jsonl", before),
        current=_side("<b>now</b>.jsonl", now),
        findings=watch(before, now, LABELS),
    )


@pytest.fixture(scope="module")
def page() -> str:
    return report_page(page_of_files(_comparison(0, moved=4)))


def test_the_page_says_what_to_look_at(page: str) -> None:
    assert '<span class="alert">alert</span>: About ' in page
    assert "billing" in page
    assert page.count("data:image/png;base64,") == 3


def test_a_window_of_the_stream_has_the_same_page_from_what_was_kept_of_it() -> None:
    found = _comparison(0, moved=4).findings
    report = DriftReport(
        id=7,
        model_version="0" * 12,
        since=datetime(2026, 3, 1, tzinfo=UTC),
        until=datetime(2026, 3, 2, tzinfo=UTC),
        tickets=400,
        alerts=3,
        findings=json.loads(json.dumps([finding.as_object() for finding in found])),
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    told = page_of_window(report)
    assert tuple(told.findings) == found
    page = report_page(told)
    assert "2026-03-01 00:00 to 2026-03-02 00:00" in page
    assert "400 tickets as model 000000000000 decided them" in page
    assert page.count("micro-F1 ") == 2
    assert page.count("data:image/png;base64,") == 3


def test_no_page_quotes_a_ticket(page: str) -> None:
    assert "secret" not in page


def test_a_name_that_looks_like_a_script_is_shown_as_text(page: str) -> None:
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>now" not in page


def test_the_page_loads_nothing_from_elsewhere(page: str) -> None:
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("src=") == page.count('src="data:image/png')


def test_a_quiet_page_says_that_there_is_nothing() -> None:
    assert "Nothing: every signal is within its limits." in report_page(
        page_of_files(_comparison(1, moved=0))
    )


def test_windows_that_are_too_small_have_a_page_too() -> None:
    page = report_page(page_of_files(_comparison(0, moved=4, count=50)))
    assert "too few" in page
    assert "<img" not in page


def test_the_gravest_findings_are_told_first() -> None:
    severities = [f.severity for f in grave_findings(_comparison(0, moved=1).findings)]
    order = list(Severity).index
    assert severities == sorted(severities, key=order, reverse=True)
    assert severities


def test_a_report_that_cannot_be_written_is_the_callers_fault(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="--out"):
        write_report(tmp_path / "none" / "report.html", page_of_files(_comparison(0, moved=0)))
