import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from classifier.scoring import Thresholds
from core.text import text_hash
from tests.factories.artifacts import tiny_facts
from trainer.measure.answers import Answers
from trainer.measure.bootstrap import Difference
from trainer.reporting.ablation import Ablation, Variant
from trainer.reporting.page import mistakes
from trainer.reporting.report import HELD_OUT_FILE, Report, study, verdict, write_reports

LABELS = ("topic:billing", "<script>alert(1)</script>", "os:a --> b")
ROWS = 80


def _answers(seed: int, wrong: float, labels: tuple[str, ...] = LABELS) -> Answers:
    """Equal truths for every seed; a share of the scores is on the wrong side."""
    shape = (ROWS, len(labels))
    truth = (np.random.default_rng(0).random(shape) < 0.4).astype(np.uint8)
    chance = np.random.default_rng(seed)
    said = truth ^ (chance.random(shape) < wrong)
    return Answers.of(truth, said * 0.5 + chance.random(shape) * 0.49, Thresholds.uniform(labels))


@pytest.fixture(scope="module")
def report() -> Report:
    return Report(
        name="first",
        facts=tiny_facts(LABELS),
        model=_answers(1, 0.05),
        linear=_answers(2, 0.4),
        texts=[f"secret ticket text {row}" for row in range(ROWS)],
        measured_on="a tenth of the data, held out",
        inside=True,
        history=[{"epoch": 1.0, "loss": 0.5}, {"epoch": 2.0, "loss": 0.4}],
        excluded={"rare": 2},
        notes=["calibrated label by label"],
        seconds=12.3,
    )


@pytest.fixture(scope="module")
def written(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that is written for the report."""
    folder = tmp_path_factory.mktemp("report")
    write_reports(folder, report)
    return folder


def _page(report: Report, folder: Path, *, show_text: bool = False) -> str:
    write_reports(folder, report, show_text=show_text)
    return (folder / "report.html").read_text(encoding="utf-8")


def _card(report: Report, folder: Path) -> str:
    write_reports(folder, report)
    return (folder / "README.md").read_text(encoding="utf-8")


def test_metrics_hold_model_and_linear_side_by_side(report: Report, written: Path) -> None:
    metrics = json.loads((written / "metrics.json").read_text())
    assert metrics["macro_f1"] == report.model.measure().macro_f1
    assert metrics["linear"]["macro_f1"] == report.linear.measure().macro_f1
    assert metrics["per_label"][LABELS[0]]["support"] == report.model.truth[:, 0].sum()
    assert metrics["excluded_labels"] == {"rare": 2}


def test_metrics_hold_intervals_groups_and_coverage(report: Report, tmp_path: Path) -> None:
    write_reports(tmp_path, replace(report, languages=["de", "en"] * (ROWS // 2)))
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    of = metrics["intervals"]["macro_f1"]
    assert of["low"] < metrics["macro_f1"] == of["value"] < of["high"]
    assert metrics["gained"]["macro_f1"]["low"] > 0
    assert metrics["by_language"]["de"]["tickets"] == ROWS / 2
    assert set(metrics["by_label_group"]) == {"topic", "os"}
    assert metrics["coverage"] == report.model.coverage
    assert metrics["department_accuracy"] is None


def test_nothing_quotes_a_ticket_unless_asked_to(
    report: Report, written: Path, tmp_path: Path
) -> None:
    assert len(list(written.iterdir())) == 4
    assert all("secret" not in path.read_text() for path in written.iterdir())
    assert "secret ticket text" in _page(report, tmp_path, show_text=True)
    others = [path for path in tmp_path.iterdir() if path.name != "report.html"]
    assert all("secret" not in path.read_text() for path in others)


def test_only_rows_of_the_data_given_are_listed_as_held_out(
    report: Report, written: Path, tmp_path: Path
) -> None:
    listed = json.loads((written / HELD_OUT_FILE).read_text())
    assert listed == sorted(text_hash(text).hex() for text in report.texts)
    write_reports(tmp_path, replace(report, inside=False))
    assert json.loads((tmp_path / HELD_OUT_FILE).read_text()) == []


def test_a_label_that_looks_like_a_script_is_shown_as_text(written: Path) -> None:
    page = (written / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_page_loads_nothing_from_elsewhere(written: Path) -> None:
    page = (written / "report.html").read_text()
    assert not re.search(r"https?://|src=|@import|<link|<iframe", page)
    assert not re.search(r"url\((?!#)", page)


class _Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.unnamed = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.unnamed += given.get("role") == "img" and not given.get("aria-label")


def test_ids_are_unique_and_every_picture_has_words(written: Path) -> None:
    parser = _Ids()
    parser.feed((written / "report.html").read_text())
    assert parser.ids
    assert len(parser.ids) == len(set(parser.ids))
    assert parser.unnamed == 0


def test_equal_reports_give_equal_bytes(report: Report, written: Path, tmp_path: Path) -> None:
    assert _page(report, tmp_path) == (written / "report.html").read_text()


def test_the_page_says_when_the_network_is_not_better(
    report: Report, written: Path, tmp_path: Path
) -> None:
    assert "The network beats the linear model" in (written / "report.html").read_text()
    worse = replace(report, model=report.linear, linear=report.model)
    for told in (_page(worse, tmp_path), (tmp_path / "README.md").read_text()):
        assert "The network does not beat the linear model: macro-F1 is" in told


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.03, "beats the linear model: macro-F1 is 0.020 higher"),
        (-0.01, 0.05, "does not beat the linear model beyond chance"),
        (-0.05, -0.01, "does not beat the linear model: macro-F1 is 0.030 lower"),
    ],
)
def test_the_verdict_follows_the_interval(low: float, high: float, words: str) -> None:
    gained = Difference(value=(low + high) / 2, low=low, high=high, p_value=0.5)
    assert words in verdict(gained)


def test_departments_ablation_and_languages_are_shown_where_given(
    report: Report, written: Path, tmp_path: Path
) -> None:
    bare = (written / "report.html").read_text()
    variant = Variant(
        loss="class-balanced",
        average_precision=0.3,
        rare_average_precision=0.2,
        rare_recall=0.1,
    )
    full = replace(
        report,
        languages=["", "de"] * (ROWS // 2),
        departments=(["a"] * ROWS, ["a", "b"] * (ROWS // 2)),
        ablation=Ablation(rows=40, rare=("a",), precision=0.5, variants=(variant,)),
    )
    page = _page(full, tmp_path)
    for words in ("Right department", "class-balanced", "By language", "not told"):
        assert words.lower() in page.lower()
        assert words.lower() not in bare.lower()
    found = study(full).department_accuracy
    assert found is not None
    assert (found.value, found.low < 0.5 < found.high) == (0.5, True)


def test_the_card_tells_intervals_and_what_not_to_trust(
    report: Report, written: Path, tmp_path: Path
) -> None:
    card = (written / "README.md").read_text()
    of = study(report).found.second.intervals["macro_f1"]
    assert f"| macro F1 | {of.value:.3f} | {of.low:.3f} to {of.high:.3f} |" in card
    assert "under 20 tickets" not in card
    few = replace(report, model=_few(report.model), linear=_few(report.linear), inside=False)
    assert "under 20 tickets" in _card(few, tmp_path)


def _few(answers: Answers) -> Answers:
    return answers.take(np.arange(20))


def test_the_worst_mistake_is_the_surest_wrong_one() -> None:
    answers = _answers(1, 0.0)
    scores, truth = answers.scores.copy(), answers.truth
    scores[7] = np.where(truth[7], 0.01, 0.99)
    scores[3] = np.where(truth[3], 0.3, 0.6)
    wrong = Answers.of(truth, scores, answers.thresholds)
    texts = [f"text {row}" for row in range(ROWS)]
    found = mistakes(wrong, texts, show_text=True)
    assert [one.text for one in found] == ["text 7", "text 3"]
    assert found[0].id == text_hash("text 7").hex()[:12]
    assert set(found[0].missed) == {n for n, t in zip(LABELS, truth[7], strict=True) if t}
    assert not found[0].right
    assert mistakes(wrong, texts)[0].text is None
    assert len(mistakes(wrong, texts, 1)) == 1


def test_a_ticket_that_came_twice_is_shown_once_where_it_is_worst() -> None:
    answers = _answers(1, 0.0)
    scores = np.where(answers.truth, 0.4, 0.6)
    scores[5] = np.where(answers.truth[5], 0.1, 0.9)
    wrong = Answers.of(answers.truth, scores, answers.thresholds)
    found = mistakes(wrong, ["first", *["again"] * (ROWS - 1)], show_text=True)
    assert [one.text for one in found] == ["again", "first"]
    assert max(*found[0].missed.values(), *found[0].wrong.values()) == 0.9


def test_a_perfect_model_has_no_mistakes_to_show(report: Report, tmp_path: Path) -> None:
    page = _page(replace(report, model=_answers(1, 0.0)), tmp_path)
    assert "The worst errors" not in page


def test_labels_that_never_occur_draw_no_curve(report: Report, tmp_path: Path) -> None:
    truth = np.zeros_like(report.model.truth)
    empty = replace(report.model, truth=truth)
    page = _page(replace(report, model=empty, linear=replace(report.linear, truth=truth)), tmp_path)
    assert "Precision and recall" not in page


def test_many_labels_keep_the_page_small(report: Report, tmp_path: Path) -> None:
    labels = tuple(f"label number {i}" for i in range(100))
    model, linear = _answers(1, 0.2, labels), _answers(2, 0.2, labels)
    page = _page(replace(report, model=model, linear=linear), tmp_path)
    assert len(page) < 2_000_000
    assert page.count("<figure>") < 80
