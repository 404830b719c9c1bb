"""Labels with what is known of them, in words and JSON-ready."""

from collections.abc import Iterator
from typing import Any

from cli.labels.levelling import level_line, level_object
from router.label_listing import Listing

_SHOWN = 10


def listing_object(listing: Listing) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "labels": [
            {
                "label": found.label.name,
                "description": found.label.description,
                **level_object(found.label.level),
                "threshold": found.threshold,
                "tickets": found.tickets,
                "needs": found.needs,
            }
            for found in listing.labels
        ],
        "to_relabel": {name: list(tickets) for name, tickets in listing.to_relabel.items()},
    }


def label_lines(listing: Listing) -> Iterator[str]:
    """A line a label, for people."""
    width = max((len(found.label.name) for found in listing.labels), default=0)
    for found in listing.labels:
        needs = f", needs {found.needs} more to be learned" if found.needs else ""
        served = "not served" if found.threshold is None else f"threshold {found.threshold:.2f}"
        yield (
            f"{found.label.name:<{width}}  {level_line(found.label.level)}, {served}, "
            f"{found.tickets} tickets{needs}  {found.label.description}"
        ).rstrip()
    for name, tickets in listing.to_relabel.items():
        yield f"{name} was split, and tickets still say it; correct them to teach its heirs:"
        yield f"  {', '.join(tickets[:_SHOWN])}{', …' if len(tickets) > _SHOWN else ''}"
