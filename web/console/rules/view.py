"""What the parts of the rules page need beside the draft itself, read from the database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Connection

from router.conditions import DAYS, describe
from router.editing import findings_of, revision_rules, standing
from router.ruleset import Ruleset
from store.figures import rule_hits
from store.rules import rulesets, taxonomy
from web.console.rules.bench import Bench, Counted
from web.console.rules.desk import SHOWN, Overtaken, make_desk
from web.console.rules.editor import Editor
from web.console.rules.edits import difference
from web.console.rules.lines import KINDS
from web.console.rules.merge import changed_by_both
from web.console.words import N_
from web.problems import Problem

_DAYS = 30
_KIND_WORDS: Mapping[str, str] = {
    "label": N_("label is predicted"),
    "score": N_("score of a label"),
    "text": N_("text contains"),
    "channel": N_("channel"),
    "language": N_("language"),
    "customer": N_("customer"),
    "priority": N_("priority"),
    "metadata": N_("metadata"),
    "hours": N_("hours of the day"),
    "share": N_("share of all tickets"),
    "all": N_("all of these hold"),
    "any": N_("any of these holds"),
    "none": N_("none of these holds"),
}
_DAY_WORDS = dict(
    zip(
        DAYS,
        (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun")),
        strict=True,
    )
)


def as_it_stands(connection: Connection) -> Bench:
    """A draft that changes nothing yet; before the first rules it has none of them."""
    found = standing(connection)
    if found is not None:
        return Bench(base=found.version, draft=found.ruleset)
    departments = taxonomy.departments(connection)
    default = next((each.name for each in departments if each.is_default), None)
    first = default or next((each.name for each in departments), "")
    return Bench(base=0, draft=Ruleset(default_department=first))


def base_of(connection: Connection, bench: Bench) -> Ruleset:
    """The rules that a draft was made on.

    Raises:
        Invalid: there is no such revision.
    """
    if bench.base == 0:
        return Ruleset(default_department=bench.draft.default_department)
    return revision_rules(connection, bench.base)


def list_shown(connection: Connection, bench: Bench) -> dict[str, Any]:
    """What the list needs; hits are counted once for each draft."""
    now = datetime.now(UTC)
    counted = bench if bench.hits else replace(bench, hits=_hits(connection, now))
    before = base_of(connection, bench)
    desk = make_desk(counted, before, findings_of(connection, bench.draft), now)
    return {
        "bench": counted,
        "desk": desk,
        "told": rulesets.told(connection, bench.base),
        "overtaken": _overtaken(connection, bench, before),
        "departments": _departments(connection),
        "describe": describe,
        "kinds": _KIND_WORDS,
        "page_size": SHOWN,
    }


def editor_shown(connection: Connection, bench: Bench, editor: Editor) -> dict[str, Any]:
    """What the editor of a rule needs."""
    return {
        "bench": bench,
        "form": editor.form,
        "focus": editor.focus,
        "wrong": editor.wrong,
        "departments": _departments(connection),
        "labels": [label.name for label in taxonomy.labels(connection)],
        "kinds": {kind: _KIND_WORDS[kind] for kind in KINDS},
        "days": _DAY_WORDS,
        "zones": sorted(available_timezones()),
    }


def _overtaken(connection: Connection, bench: Bench, before: Ruleset) -> Overtaken | None:
    found = standing(connection)
    if found is None or found.version == bench.base:
        return None
    by = rulesets.told(connection, found.version)
    if by is None:
        raise Problem("not-found", f"There is no revision {found.version}.")
    return Overtaken(
        by=by,
        change=difference(before, found.ruleset),
        both=changed_by_both(before, found.ruleset, bench.draft),
    )


def _departments(connection: Connection) -> list[str]:
    return [each.name for each in taxonomy.departments(connection)]


def _hits(connection: Connection, now: datetime) -> Counted:
    since = now - timedelta(days=_DAYS)
    return Counted.of(rule_hits.hits(connection, since, now))
