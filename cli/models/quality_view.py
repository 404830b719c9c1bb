"""Quality figures in words, in a table and as JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from cli.output import printable
from core.types import GroupBy
from store.figures.audit_sample import AuditCount
from store.figures.quality import Figures, Outcome

_WIDTH = 40


def figures_table(found: Mapping[str, Figures], by: GroupBy) -> Table:
    """A row a group."""
    table = Table(box=None, pad_edge=False)
    table.add_column(by.value)
    for name in ("tickets", "accepted", "replaced", "skipped"):
        table.add_column(name, justify="right")
    for name in ("overridden", "precision", "recall", "coverage"):
        table.add_column(name, justify="right")
    for name, group in found.items():
        counts = (group.tickets, *(group.outcomes[outcome] for outcome in Outcome))
        shares = (group.override_rate, group.precision, group.recall, _coverage(group, by))
        table.add_row(printable(name, _WIDTH), *map(str, counts), *map(_percent, shares))
    return table


def figures_object(group: Figures) -> dict[str, Any]:
    """JSON-ready; None where nothing was judged."""
    return {
        "tickets": group.tickets,
        **{outcome.value: group.outcomes[outcome] for outcome in Outcome},
        "override_rate": group.override_rate,
        "precision": group.precision,
        "recall": group.recall,
        "coverage": group.coverage,
    }


def audit_lines(audits: Mapping[str, AuditCount]) -> Iterator[str]:
    """A line a version: how many decisions are right, and how far the audit has come."""
    for version, count in audits.items():
        so_far = f"{count.judged} of {count.drawn} drawn tickets looked at"
        accuracy = count.accuracy
        if accuracy is None:
            yield f"Audit of {version}: {so_far}."
            continue
        yield (
            f"Audit of {version}: {accuracy.value:.1%} of all decisions are right "
            f"(95 % sure: {accuracy.low:.1%} to {accuracy.high:.1%}), {so_far}."
        )
    if any(count.judged < count.drawn for count in audits.values()):
        yield "`pointsman corrections audit` lists what is left; until then it may be one-sided."


def audit_object(count: AuditCount, share: float) -> dict[str, Any]:
    """JSON-ready; the accuracy is None until somebody looked at a ticket."""
    accuracy = count.accuracy
    return {
        "share": share,
        "drawn": count.drawn,
        "judged": count.judged,
        "right": count.right,
        "accuracy": accuracy and accuracy.value,
        "low": accuracy and accuracy.low,
        "high": accuracy and accuracy.high,
    }


def _coverage(group: Figures, by: GroupBy) -> float | None:
    """Each ticket of a label has a label."""
    return None if by is GroupBy.LABEL else group.coverage


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
