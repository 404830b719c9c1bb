import json
from pathlib import Path

import numpy as np
import pytest

from classifier.scoring import Thresholds
from tests.factories.artifacts import tiny_facts
from trainer.metrics import Metrics, measure
from trainer.report import HELD_OUT_FILE, Report, write_reports

LABELS = ("billing", "<script>alert(1)</script>")


def _metrics(seed: int) -> Metrics:
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, 2, (40, 2)).astype(np.uint8)
    return measure(truth, chance.random((40, 2)), Thresholds.uniform(LABELS))


@pytest.fixture
def report() -> Report:
    return Report(
        name="first",
        facts=tiny_facts(LABELS),
        metrics=_metrics(1),
        linear=_metrics(2),
        measured_on="a tenth of the data, held out",
        held_out_texts=["secret ticket text"],
        history=[{"epoch": 1.0, "loss": 0.5, "macro_f1": 0.4}],
        excluded={"rare": 2},
        notes=["calibrated label by label"],
        seconds=12.3,
    )


def test_metrics_hold_model_and_linear_side_by_side(report: Report, tmp_path: Path) -> None:
    write_reports(tmp_path, report)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["macro_f1"] == report.metrics.macro_f1
    assert metrics["linear"]["macro_f1"] == report.linear.macro_f1
    assert metrics["per_label"]["billing"]["support"] == report.metrics.per_label["billing"].support
    assert metrics["excluded_labels"] == {"rare": 2}


def test_no_page_quotes_a_ticket(report: Report, tmp_path: Path) -> None:
    write_reports(tmp_path, report)
    assert all("secret" not in path.read_text() for path in tmp_path.iterdir())
    assert len(json.loads((tmp_path / HELD_OUT_FILE).read_text())) == 1


def test_a_label_that_looks_like_a_script_is_shown_as_text(report: Report, tmp_path: Path) -> None:
    write_reports(tmp_path, report)
    page = (tmp_path / "report.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_page_loads_nothing_from_elsewhere(report: Report, tmp_path: Path) -> None:
    write_reports(tmp_path, report)
    page = (tmp_path / "report.html").read_text()
    assert "http://" not in page
    assert "https://" not in page
    assert "src=" not in page
