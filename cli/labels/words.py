"""Changes of labels in words and as JSON."""

from collections.abc import Iterator
from typing import Any

from cli.labels.changes import Found
from cli.rules.changes import finding_line, findings_object
from core.types import LabelMove
from router.changes import compare
from router.label_outlook import Wanted
from store.labels.label_moves import LabelChange

_SHOWN = 10


def outlook_lines(found: Found) -> Iterator[str]:
    """What a change would touch, for people."""
    outlook = found.outlook
    if outlook.change.before:
        yield f"{outlook.tickets} imported tickets and {outlook.corrections} corrections name it."
    if outlook.rules:
        yield f"Rules that name it: {', '.join(outlook.rules)}."
    yield from compare(*outlook.ruleset).diff
    yield from map(finding_line, found.further.findings)
    if outlook.serving is None:
        yield "No model serves yet; the next training starts from the new labels."
    elif outlook.change.kind is LabelMove.ADD and not outlook.needs_model:
        yield "The model knows it already, from imported tickets."
    if found.further.to_relabel:
        count = len(found.further.to_relabel)
        yield f"{count} tickets teach none of the new labels until somebody says which is meant:"
        yield from (f"  {ticket.external_id}" for ticket in found.further.to_relabel[:_SHOWN])
        if count > _SHOWN:
            yield f"  and {count - _SHOWN} more; --json lists them"


def done_line(what: Wanted, made: LabelChange | None) -> str:
    """What was done, and what follows."""
    if made is None:
        return "Nothing was changed (--dry-run)."
    before, after = ", ".join(what.before), ", ".join(what.after)
    words = f"{before} → {after}" if before and after else after or f"{before} is retired"
    if made.model is None:
        return f"{words}: done."
    tail = ""
    if what.kind in (LabelMove.ADD, LabelMove.SPLIT):
        tail = (
            " It errs more than a trained one: `pointsman labels level` can keep it from routing"
            " until `pointsman retrain` has learned it."
        )
    return f"{words}: model {made.model.version} serves it; workers follow within seconds.{tail}"


def outlook_object(found: Found, made: LabelChange | None) -> dict[str, Any]:
    """JSON-ready."""
    outlook = found.outlook
    return {
        "kind": outlook.change.kind.value,
        "before": list(outlook.change.before),
        "after": list(outlook.change.after),
        "tickets": outlook.tickets,
        "corrections": outlook.corrections,
        "rules": list(outlook.rules),
        "rules_diff": list(compare(*outlook.ruleset).diff),
        "findings": findings_object(found.further.findings),
        "to_relabel": [ticket.external_id for ticket in found.further.to_relabel],
        "serving": outlook.change.serving,
        "model": None if made is None or made.model is None else made.model.version,
        "changed": made is not None,
    }
