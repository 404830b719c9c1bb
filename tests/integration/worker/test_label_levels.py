"""Levels of labels that change while a worker runs, and decisions made again from their record."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Row, text

from cli.labels.levelling import set_levels
from core.types import Automation, Rung
from router.decide import decide
from router.parse import parse_ruleset
from router.policy import parse_policy
from router.rulebook import compile_rulebook
from store.contents import ticket_of
from tests.factories.artifacts import LABELS
from tests.factories.processes import wait_until
from tests.factories.values import tickets
from tests.faults.conftest import System
from tests.integration.worker.conftest import SystemUnder

_RULES = {
    "default_department": "service-desk",
    "rules": [
        {
            "id": "bills",
            "order": 1,
            "when": {"label": LABELS[0]},
            "then": {"primary": "billing"},
        }
    ],
}


@pytest.fixture
def system(system_under: SystemUnder) -> System:
    return system_under(_RULES)


def _set(system: System, automation: Automation) -> None:
    """From the score of 0 on, which every ticket reaches."""
    scores = {"preselect_from": 0.0, "auto_from": 0.0, "reset": False}
    set_levels(system.engine, [LABELS[0]], automation, **scores)  # type: ignore[arg-type]


_DECIDED = text(
    "SELECT d.*, t.external_id, s.subject, s.body, s.channel, s.language, s.customer, "
    "s.priority, s.metadata, s.created_at, s.deadline, p.thresholds AS policy, r.document AS rules "
    "FROM decisions d JOIN tickets t ON t.id = d.ticket_id "
    "JOIN ticket_contents s ON s.ticket_id = d.ticket_id AND s.revision = d.revision "
    "LEFT JOIN threshold_sets p ON p.version = d.thresholds_version "
    "JOIN rulesets r ON r.version = d.ruleset_version ORDER BY d.decided_at, d.ticket_id"
)


def _decisions(system: System) -> list[Row[Any]]:
    with system.engine.connect() as connection:
        return list(connection.execute(_DECIDED))


def _follows(system: System, prefix: str, holds: Callable[[Row[Any]], bool]) -> None:
    """Sends tickets until one is decided so that `holds`."""

    def followed() -> bool:
        made = _decisions(system)
        system.sender.send(tickets(2, prefix=f"{prefix}{len(made)}"))
        system.wait_until_decided()
        return any(map(holds, _decisions(system)[len(made) :]))

    wait_until(followed, timeout_s=60, what=f"{prefix} followed", seen=system.processes.logs)


def _again(row: Row[Any]) -> dict[str, Any]:
    routing = decide(
        scores=row.scores,
        policy=parse_policy(row.policy),
        rulebook=compile_rulebook(parse_ruleset(row.rules)),
        ticket=ticket_of(row, external_id=row.external_id, labels=None),
        rung=Rung(row.rung),
        now=row.decided_at,
    )
    return {
        "primary_department": routing.primary,
        "collaborators": list(routing.collaborators),
        "labels": list(routing.labels),
        "reason": routing.reason,
        "rule": routing.rule,
        "trace": routing.trace,
        "preselected": list(routing.preselected),
        "suggested": list(routing.suggested),
    }


def test_a_running_worker_follows_a_level_and_every_decision_can_be_made_again(
    system: System,
) -> None:
    system.start_worker()
    system.wait_for_workers(1)
    label, held = LABELS[0], ("service-desk", "excluded_label")
    _set(system, Automation.AUTO)
    _follows(system, "auto", lambda row: _went(row) == ("billing", "rule") and label in row.labels)
    _set(system, Automation.PRESELECT)
    _follows(system, "tick", lambda row: _went(row) == held and label in row.preselected)
    _set(system, Automation.SUGGEST)
    _follows(system, "tell", lambda row: _went(row) == held and label in row.suggested)
    _set(system, Automation.SHADOW)
    _follows(system, "hide", lambda row: _went(row) == held and not _shown(row))
    _set(system, Automation.OFF)
    _follows(system, "off", lambda row: label not in row.scores)
    made = _decisions(system)
    assert len({row.thresholds_version for row in made}) >= 5
    for row in made:
        again = _again(row)
        assert again == {name: getattr(row, name) for name in again}


def _went(row: Row[Any]) -> tuple[str, str]:
    return row.primary_department, row.reason


def _shown(row: Row[Any]) -> set[str]:
    return {LABELS[0]} & {*row.labels, *row.preselected, *row.suggested}
