"""Which way of training the data allow, and what each label still lacks for the next.

Pure: label counts, rows and a device in, a step with its reason out. The steps have the names of
the presets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class StepName(StrEnum):
    """The steps, from what needs least to what needs most."""

    COLD_START = "cold_start"
    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a step asks for.

    Attributes:
        positives: examples of at least half of the labels.
        rows: labelled tickets.
        most_cpu_rows: more rows than that are too slow to learn from without an accelerator; None
            for no such limit.
    """

    positives: int
    rows: int
    most_cpu_rows: int | None = None


# With 8 examples a label a whole network learns less than a head on a frozen one, with 64 about as
# much (Tunstall and others, "Efficient few-shot learning without prompts", 2022, table 2). Rows
# left out in turn, which `fast` chooses on, need some of 8 positives on each side. Row counts are
# judgement: `balanced` and `best` set 15 % of them aside and choose an epoch and weights there.
# A CPU that reads 66 texts of 64 tokens a second takes half an hour for four epochs of 5,000.
NEEDS = {
    StepName.COLD_START: Needs(positives=0, rows=0),
    StepName.FAST: Needs(positives=8, rows=50),
    StepName.BALANCED: Needs(positives=64, rows=1000, most_cpu_rows=5000),
    StepName.BEST: Needs(positives=64, rows=5000, most_cpu_rows=0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A way of training.

    Attributes:
        name: which.
        reason: why not a higher one, or that there is none; one line for people.
        lacking: a line for each label that has too few examples for this step or the next.
    """

    name: StepName
    reason: str
    lacking: tuple[str, ...]


def choose_step(counts: Mapping[str, int], rows: int, device: str) -> Step:
    """The highest step that the data and the device allow, all below it being allowed too.

    Args:
        counts: label to its number of examples.
        rows: labelled tickets in all.
        device: as `classifier.precision.resolve_device` gives it.
    """
    steps = list(StepName)
    chosen, reason = StepName.COLD_START, "the data are enough for every step"
    for step in steps[1:]:
        obstacle = _obstacle(step, counts, rows, device)
        if obstacle:
            reason = f"{step.value} {obstacle}"
            break
        chosen = step
    following = steps[min(steps.index(chosen) + 1, len(steps) - 1)]
    return Step(name=chosen, reason=reason, lacking=tuple(_lacking(counts, following)))


def _obstacle(step: StepName, counts: Mapping[str, int], rows: int, device: str) -> str:
    """What a step stumbles over; empty when it does not."""
    needs = NEEDS[step]
    enough = sum(count >= needs.positives for count in counts.values())
    if 2 * enough < len(counts) or not counts:
        return (
            f"needs {needs.positives} examples of half of the labels,"
            f" and {enough} of {len(counts)} have them"
        )
    if rows < needs.rows:
        return f"needs {needs.rows} labelled tickets, and there are {rows}"
    if device == "cpu" and needs.most_cpu_rows is not None and rows > needs.most_cpu_rows:
        return f"takes too long on a CPU with {rows} tickets; ask for it by name to have it anyway"
    return ""


def _lacking(counts: Mapping[str, int], highest: StepName) -> Iterator[str]:
    """A line for each label under the needs of a step: what it needs for its own next one."""
    steps = list(StepName)
    for label, count in sorted(counts.items()):
        for step in steps[: steps.index(highest) + 1]:
            missing = NEEDS[step].positives - count
            if missing > 0:
                yield (
                    f"label `{label}` has {count} example{'' if count == 1 else 's'}:"
                    f" needs {missing} more for {step.value}"
                )
                break
