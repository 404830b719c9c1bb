"""Levels of labels, set from the command line, and in words."""

import getpass
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine

from core.errors import Invalid
from core.types import Automation, LabelLevel
from store.engine import transaction
from store.rules import taxonomy

Change = tuple[str, LabelLevel, LabelLevel]


def set_levels(
    engine: Engine,
    labels: Sequence[str],
    automation: Automation,
    *,
    preselect_from: float | None,
    auto_from: float | None,
    reset: bool,
) -> list[Change]:
    """Sets the level of labels, all or none; returns each with its level before and after.

    Args:
        engine: the database.
        labels: their names.
        automation: how much they may do.
        preselect_from: None leaves it as it is.
        auto_from: None leaves it as it is.
        reset: forget what is there before.

    Raises:
        Invalid: names the label or the score that is wrong.
    """

    def work(connection: Connection) -> list[Change]:
        known = {label.name: label.level for label in taxonomy.labels(connection)}
        changes = []
        for name in dict.fromkeys(labels):
            if name not in known:
                raise Invalid("LABEL", f"{name!r} is not in use", "see `pointsman labels list`")
            old = LabelLevel() if reset else known[name]
            after = LabelLevel(
                automation=automation,
                preselect_from=old.preselect_from if preselect_from is None else preselect_from,
                auto_from=old.auto_from if auto_from is None else auto_from,
            )
            before = taxonomy.set_level(connection, name, after, actor=getpass.getuser())
            changes.append((name, before, after))
        return changes

    return transaction(engine, work)


def level_line(level: LabelLevel) -> str:
    """The level and the scores that a person set."""
    scores = (("preselect", level.preselect_from), ("auto", level.auto_from))
    told = [f"{name} from {score:g}" for name, score in scores if score is not None]
    return " ".join([level.automation, *([f"({', '.join(told)})"] if told else [])])


def level_object(level: LabelLevel) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "automation": level.automation.value,
        "preselect_from": level.preselect_from,
        "auto_from": level.auto_from,
    }
