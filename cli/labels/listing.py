"""The labels in use with what they may do, what is known of them and what they still need."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from classifier.artifacts import open_artifact
from cli.labels.changes import MOST_LISTED
from cli.labels.levelling import level_line, level_object
from core.errors import ArtifactInvalid
from store import label_history, model_versions, taxonomy
from store.engine import transaction
from store.label_usage import label_sets, tickets_naming
from store.model_versions import ModelVersion
from store.taxonomy import Label
from trainer.data.dataset import MIN_POSITIVES

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLabel:
    """One label.

    Attributes:
        threshold: of the model that serves; None where that does not know the label.
        tickets: that people gave it, imported or corrected.
        needs: how many more before a training learns it.
    """

    label: Label
    threshold: float | None
    tickets: int
    needs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Every label, and names that were split to the newest tickets that still carry them."""

    labels: Sequence[ListedLabel]
    to_relabel: Mapping[str, Sequence[str]]

    def as_object(self) -> dict[str, Any]:
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
                for found in self.labels
            ],
            "to_relabel": {name: list(tickets) for name, tickets in self.to_relabel.items()},
        }


def listed(engine: Engine) -> Listing:
    """Reads it all."""
    return transaction(engine, _listed)


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


def _listed(connection: Connection) -> Listing:
    meaning = label_history.meaning(connection)
    tickets: Counter[str] = Counter()
    for found in label_sets(connection):
        read = meaning.read(found.labels)
        tickets.update(dict.fromkeys(() if read.unclear else read.labels, found.tickets))
    split = {
        name: [
            ticket.external_id for ticket in tickets_naming(connection, [name], most=MOST_LISTED)
        ]
        for name in sorted(meaning.split)
    }
    thresholds = _thresholds(model_versions.active(connection))
    return Listing(
        labels=[
            ListedLabel(
                label=label,
                threshold=thresholds.get(label.name),
                tickets=tickets[label.name],
                needs=max(0, MIN_POSITIVES - tickets[label.name]),
            )
            for label in taxonomy.labels(connection)
        ],
        to_relabel={name: found for name, found in split.items() if found},
    )


def _thresholds(active: ModelVersion | None) -> Mapping[str, float]:
    """Of the model that serves; {} where there is none or its files cannot be read."""
    try:
        found = {} if active is None else open_artifact(active.path).read_json("thresholds.json")
    except ArtifactInvalid:
        return {}
    return dict(found)
