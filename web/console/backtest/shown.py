"""Tables of a backtest, made by pure functions: who moves, and who has how much to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from web.api.rules.schemas import TriedHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """Tickets that change hands: their share of all that move, in (0, 1], and some of them."""

    before: str
    after: str
    tickets: int
    share: float
    samples: Sequence[tuple[UUID, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLine:
    """Tickets of a department, and both counts as shares of the largest, in [0, 1]."""

    department: str
    before: int
    after: int
    before_share: float
    after_share: float

    @property
    def change(self) -> int:
        """How many more it would have."""
        return self.after - self.before


def move_lines(found: TriedHistory) -> Sequence[MoveLine]:
    """Most tickets first."""
    return [
        MoveLine(
            before=move.before,
            after=move.after,
            tickets=move.tickets,
            share=move.tickets / found.moved,
            samples=list(zip(move.ids, move.samples, strict=True)),
        )
        for move in found.moves
    ]


def load_lines(found: TriedHistory) -> Sequence[LoadLine]:
    """The largest department first."""
    most = max((max(load.before, load.after) for load in found.loads.values()), default=0) or 1
    lines = [
        LoadLine(
            department=name,
            before=load.before,
            after=load.after,
            before_share=load.before / most,
            after_share=load.after / most,
        )
        for name, load in found.loads.items()
    ]
    return sorted(lines, key=lambda line: (-max(line.before, line.after), line.department))
