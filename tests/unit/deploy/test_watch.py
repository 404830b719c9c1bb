"""Alerts and dashboards ask for metrics that are there; each alert has its page and its test."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.reference.metrics import metric_names

_ROOT = Path(__file__).parents[3]
_OPS = _ROOT / "ops"
_ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((_OPS / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
_TESTS = yaml.safe_load((_OPS / "prometheus" / "alerts_test.yml").read_text())["tests"]
_BOARDS = sorted((_OPS / "grafana" / "dashboards").glob("*.json"))


def _asked(expression: str) -> set[str]:
    return set(re.findall(r"\bpointsman_\w+", expression))


def _expressions(board: Path) -> Iterator[str]:
    for panel in json.loads(board.read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


@pytest.mark.parametrize("alert", _ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_what_is_there_and_has_its_page(alert: dict[str, Any]) -> None:
    assert _asked(alert["expr"]) <= metric_names()
    runbook = (_ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert f"\n### {alert['alert']}\n" in runbook
    assert alert["annotations"]["runbook"] == f"docs/runbook.md#{alert['alert'].lower()}"


def test_every_alert_is_seen_to_fire() -> None:
    fired = {
        case["alertname"]
        for test in _TESTS
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert fired == {alert["alert"] for alert in _ALERTS}


@pytest.mark.parametrize("board", _BOARDS, ids=lambda board: board.stem)
def test_a_dashboard_asks_for_what_is_there(board: Path) -> None:
    asked = list(_expressions(board))
    assert asked
    assert set().union(*map(_asked, asked)) <= metric_names()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    "words", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")]
)
def test_promtool_is_content(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *words],
        cwd=_OPS / "prometheus",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_finds_the_dashboards_where_compose_puts_them() -> None:
    grafana = yaml.safe_load((_ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    places = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    provisioning = _OPS / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "pointsman.yml").read_text())[
        "providers"
    ]
    assert provider["options"]["path"] == places["./ops/grafana/dashboards"]
    assert places["./ops/grafana/provisioning"] == "/etc/grafana/provisioning"
