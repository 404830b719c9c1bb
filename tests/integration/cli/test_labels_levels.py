"""`labels level` and `labels threshold`, and that what they set is what a worker decides by."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from cli.main import main
from core.types import Automation, LabelLevel
from router.operating_points import Curves
from router.rules_yaml import dump_rules
from router.ruleset import ruleset_object
from store.engine import transaction
from store.rules import rulesets
from store.rules.taxonomy import Department, Label, add_departments, add_labels, labels
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.models import install
from tests.factories.rulesets import a_rule, a_ruleset, label
from tests.integration.cli.conftest import Run
from trainer.operating.curves import measure_curves
from worker.host import Host


def _curves() -> Curves:
    """Of `billing` and `login` scores say much, of `refund` nothing, and `shipping` is rare."""
    chance = np.random.default_rng(0)
    scores = chance.beta(0.3, 0.6, (2000, 4))
    truth = (chance.random(scores.shape) < scores).astype(np.uint8)
    truth[:, 2] = chance.random(2000) < 0.2
    truth[:, 3] = np.arange(2000) < 5
    return measure_curves(truth, scores, LABELS)


@pytest.fixture
def model(engine: Engine, tmp_path: Path) -> str:
    artifact = build_tiny_artifact(tmp_path / "model", also=_curves().save)
    install(engine, artifact)
    transaction(engine, lambda c: add_labels(c, [Label(name=name) for name in LABELS]))
    return artifact.version


def _levels(engine: Engine) -> dict[str, LabelLevel]:
    return {label.name: label.level for label in transaction(engine, labels)}


def test_a_level_is_set_for_several_labels_and_keeps_the_scores_not_given(
    engine: Engine, model: str, run: Run
) -> None:
    status, result = run("labels", "level", "login", "refund", "preselect", "--auto-from", "0.9")
    assert status == 0
    assert result["login"]["before"]["automation"] == "auto"
    run("labels", "level", "login", "auto")
    found = _levels(engine)
    assert found["login"] == LabelLevel(auto_from=0.9)
    assert found["refund"] == LabelLevel(automation=Automation.PRESELECT, auto_from=0.9)
    run("labels", "level", "login", "auto", "--reset")
    assert _levels(engine)["login"] == LabelLevel()


def test_one_wrong_label_or_score_changes_nothing(
    engine: Engine, model: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("labels", "level", "login", "nosuch", "off")[0] == 2
    wrong = ["labels", "level", "login", "auto", "--preselect-from", "0.8", "--auto-from", "0.5"]
    assert main(wrong) == 2
    assert "auto_from: 0.5 is below preselect_from 0.8" in capsys.readouterr().err
    assert set(_levels(engine).values()) == {LabelLevel()}


def test_a_precision_is_shown_with_what_it_costs_before_it_counts(
    engine: Engine, model: str, run: Run
) -> None:
    status, shown = run("labels", "threshold", "--precision", "0.7")
    assert (status, shown["model"], shown["applied"]) == (0, model, False)
    billing = shown["labels"]["billing"]
    assert billing["precision"]["low"] >= 0.7
    assert 0 < billing["recall"]["low"] < billing["recall"]["value"] < 1
    assert 0 < billing["coverage"]["value"] < 1
    assert shown["labels"]["refund"]["threshold"] is None
    assert shown["labels"]["shipping"]["is_common"]
    assert set(_levels(engine).values()) == {LabelLevel()}


def test_what_is_applied_is_what_a_running_worker_decides_by(
    engine: Engine, model: str, run: Run
) -> None:
    host = Host(engine, device="cpu", threads=1)
    host.refresh()
    scorer = host.serving.scorer
    assert host.serving.policy.auto_from["billing"] == 0.5
    _, done = run("labels", "threshold", "--precision", "0.7", "--apply")
    host.refresh()
    serving = host.serving
    assert serving.scorer is scorer
    assert serving.policy.auto_from["billing"] == pytest.approx(
        done["labels"]["billing"]["threshold"], abs=1e-6
    )
    never = {name for name, told in done["labels"].items() if told["threshold"] is None}
    assert "refund" in never
    assert set(serving.policy.held) == never
    assert _levels(engine)["refund"].automation is Automation.SUGGEST


def test_only_the_labels_named_are_changed_and_unknown_ones_refused(
    engine: Engine, model: str, run: Run
) -> None:
    assert run("labels", "threshold", "nosuch", "--recall", "0.8")[0] == 2
    assert run("labels", "threshold", "login", "--coverage", "0.8")[0] == 2
    _, done = run("labels", "threshold", "login", "--recall", "0.8", "--apply")
    assert list(done["labels"]) == ["login"]
    found = _levels(engine)
    assert found["login"].auto_from is not None
    assert {found[name] for name in LABELS if name != "login"} == {LabelLevel()}


def test_without_a_goal_todays_thresholds_are_told_and_nothing_can_be_applied(
    model: str, run: Run
) -> None:
    _, shown = run("labels", "threshold")
    assert {label["threshold"] for label in shown["labels"].values()} == {0.5}
    assert run("labels", "threshold", "--apply")[0] == 2


def test_minutes_are_weighed_by_the_department_that_a_label_leads_to(
    engine: Engine, model: str, run: Run
) -> None:
    names = ("desk", "billing", "orders")
    ruleset = a_ruleset(a_rule(10, label("billing")), a_rule(20, label("login"), primary="orders"))
    transaction(engine, lambda c: add_departments(c, [Department(name=n) for n in names]))
    document = ruleset_object(ruleset)
    transaction(engine, lambda c: rulesets.save(c, document, author="ops", note=""))
    cost = ["--cost-misroute-minutes", "10", "--cost-misroute-minutes", "orders=40"]
    _, shown = run("labels", "threshold", *cost, "--cost-look-minutes", "4")
    assert shown["labels"]["billing"]["threshold"] == pytest.approx(0.6)
    assert shown["labels"]["login"]["threshold"] == pytest.approx(0.9)
    assert 0 < shown["labels"]["login"]["minutes"] < 4


def test_a_model_that_measured_nothing_says_what_to_do(
    engine: Engine, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("labels", "threshold")[0] == 2
    install(engine, build_tiny_artifact(tmp_path / "old"))
    assert main(["labels", "threshold"]) == 2
    assert "`pointsman retrain`" in capsys.readouterr().err


def test_lint_tells_of_rules_that_do_not_see_their_label(
    engine: Engine, model: str, run: Run, tmp_path: Path
) -> None:
    transaction(engine, lambda c: add_departments(c, [Department(name="billing")]))
    rules = tmp_path / "rules.yaml"
    rules.write_text(dump_rules(a_ruleset(a_rule(10, label("login")), default="billing")))
    run("labels", "level", "login", "suggest")
    _, result = run("rules", "lint", str(rules))
    assert "held-label" in {finding["code"] for finding in result["findings"]}


def test_for_people_the_table_says_what_is_out_of_reach_and_that_nothing_changed(
    model: str, configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["labels", "threshold", "--precision", "0.7"]) == 0
    shown = capsys.readouterr().out
    rows = {line.split()[0]: line for line in shown.splitlines() if line}
    assert "auto → suggest" in rows["refund"]
    assert "never (at best" in rows["refund"]
    assert "0.500" in rows["billing"]
    assert "--apply lets these thresholds count" in shown
