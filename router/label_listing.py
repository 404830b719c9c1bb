"""The labels in use with what they may do, what is known of them and what they still need."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from classifier.artifacts import open_artifact
from core.errors import ArtifactInvalid
from core.learning import needs
from store.labels.label_usage import label_sets, tickets_naming
from store.models import model_versions
from store.rules import label_history, taxonomy
from store.rules.taxonomy import Label

_MOST_LISTED = 1_000


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


def listed(connection: Connection) -> Listing:
    """Reads it all."""
    meaning = label_history.meaning(connection)
    tickets: Counter[str] = Counter()
    for found in label_sets(connection):
        read = meaning.read(found.labels)
        tickets.update(dict.fromkeys(() if read.unclear else read.labels, found.tickets))
    split = {
        name: [
            ticket.external_id for ticket in tickets_naming(connection, [name], most=_MOST_LISTED)
        ]
        for name in sorted(meaning.split)
    }
    thresholds = served_thresholds(connection)
    return Listing(
        labels=[
            ListedLabel(
                label=label,
                threshold=thresholds.get(label.name),
                tickets=tickets[label.name],
                needs=needs(tickets[label.name]),
            )
            for label in taxonomy.labels(connection)
        ],
        to_relabel={name: found for name, found in split.items() if found},
    )


def served_thresholds(connection: Connection) -> Mapping[str, float]:
    """Of the model that serves; {} where there is none or its files cannot be read."""
    active = model_versions.active(connection)
    try:
        found = {} if active is None else open_artifact(active.path).read_json("thresholds.json")
    except ArtifactInvalid:
        return {}
    return dict(found)
