"""What the names of labels in older tickets and corrections mean today.

Rows that people or models wrote are never rewritten. The moves of labels are kept in order, and
whoever reads a name follows them. A name that was given up never comes to mean anything else (the
store refuses that), so the moment at which it was written does not matter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.types import LabelMove


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One change of labels: what `before` meant, `after` means from then on."""

    kind: LabelMove
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Names as they are read today.

    Attributes:
        labels: what they mean now, each once, in the order given.
        unclear: names that were split, so that a person must say which part is meant.
    """

    labels: tuple[str, ...]
    unclear: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Every name that was given up.

    Attributes:
        now: the name to the labels that took its place; () where it was retired.
        split: names among them whose meaning was divided.
    """

    now: Mapping[str, tuple[str, ...]]
    split: frozenset[str]

    def read(self, names: Iterable[str]) -> Read:
        """Follows each name to what it means now; names that nobody moved mean themselves."""
        found: dict[str, None] = {}
        unclear: dict[str, None] = {}
        for name in names:
            if name in self.split:
                unclear[name] = None
            else:
                found |= dict.fromkeys(self.now.get(name, (name,)))
        return Read(labels=tuple(found), unclear=tuple(unclear))

    def names_of(self, label: str) -> tuple[str, ...]:
        """The label and every older name that means it for certain."""
        older = (name for name, now in self.now.items() if now == (label,))
        return (label, *(name for name in older if name not in self.split))

    def stale(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names that mean something else or nothing by now."""
        return tuple(name for name in names if name in self.now)


def meaning_of(moves: Iterable[Move]) -> Meaning:
    """Follows the moves to their end.

    Args:
        moves: oldest first.
    """
    steps: dict[str, Move] = {}
    for move in moves:
        for name in move.after:
            steps.pop(name, None)
        steps |= {name: move for name in move.before if name not in move.after}
    ends = {name: _end(name, steps) for name in steps}
    return Meaning(
        now={name: labels for name, (labels, _) in ends.items()},
        split=frozenset(name for name, (_, is_split) in ends.items() if is_split),
    )


def _end(name: str, steps: Mapping[str, Move]) -> tuple[tuple[str, ...], bool]:
    """What a name means now, and whether a split lies on the way."""
    if name not in steps:
        return (name,), False
    ends = [_end(after, steps) for after in steps[name].after]
    labels = dict.fromkeys(label for found, _ in ends for label in found)
    is_split = steps[name].kind is LabelMove.SPLIT or any(split for _, split in ends)
    return tuple(labels), is_split
