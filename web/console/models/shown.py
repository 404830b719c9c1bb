"""What the model pages show, made by pure functions: standings in words, figures side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.models.model_versions import KnownVersion, Standing
from web.api.models.schemas import (
    Comparison,
    Figures,
    ModelInList,
    ModelRecord,
    figures_of,
    line_of,
)
from web.console.words import N_

STANDINGS: Mapping[Standing, tuple[str, str]] = {
    Standing.SERVES: (N_("serves"), "good"),
    Standing.ON_TRIAL: (N_("on trial"), "warn"),
    Standing.TAKEN_BACK: (N_("taken back"), "bad"),
    Standing.SERVED: (N_("served before"), ""),
    Standing.WAITS: (N_("waits for a person"), "warn"),
    Standing.REJECTED: (N_("rejected"), "bad"),
    Standing.REGISTERED: (N_("from a file"), ""),
}
"""What each standing is called, and the kind of its chip."""
FIGURES: Mapping[str, str] = {
    "micro_f1": N_("Micro F1"),
    "macro_f1": N_("Macro F1"),
    "weighted_f1": N_("Weighted F1"),
    "subset_accuracy": N_("All labels right"),
    "ece": N_("Calibration error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    """A version in the list, with the figures of the linear model in the same artifact.

    `gate` is what the trainer kept of it; empty where no gate judged.
    """

    model: ModelInList
    linear: Figures
    gate: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One figure of two sides, each in [0, 1] or not measured; `gain` is the second's."""

    name: str
    a: float | None
    b: float | None

    @property
    def gain(self) -> float | None:
        """How much more the second has, None where one is missing."""
        return None if self.a is None or self.b is None else self.b - self.a


def list_line(known: KnownVersion) -> ListLine:
    """A version for the list."""
    linear: Mapping[str, Any] = known.metrics.get("linear") or {}
    return ListLine(model=line_of(known), linear=figures_of(linear), gate=known.gate or {})


def label_lines(record: ModelRecord) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """The measured labels, weakest first: those are the ones to look at."""
    return sorted(record.per_label.items(), key=lambda each: (each[1].get("f1") or 0, each[0]))


def pairs(found: Comparison) -> dict[str, Any]:
    """Figures of all labels and of each one, side by side; greatest difference first."""
    names = sorted(found.a.f1.keys() | found.b.f1.keys())
    by_label = [Pair(name=name, a=found.a.f1.get(name), b=found.b.f1.get(name)) for name in names]
    return {
        "figures": [
            Pair(name=words, a=getattr(found.a.figures, name), b=getattr(found.b.figures, name))
            for name, words in FIGURES.items()
        ],
        "by_label": sorted(by_label, key=lambda pair: -abs(pair.gain or 0)),
    }
