"""Tickets that change hands as a flow between two columns of departments: geometry, pure.

After Sankey: the height of a band is its number of tickets. Only what moves is drawn, since what
stays is nearly all of it and would leave the rest as hairlines.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 640
"""Of the picture, in its own units."""
MOST_BANDS = 24
"""The largest are drawn; a table tells of all."""
_NODE = 12  # width of a department's bar
_TALL = 240  # of all bands upon each other
_ROOM = 30  # least distance between the beginnings of two bars, for a line of text each
_GAP = 8  # between two bars
_HUES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A department on one side: its bar, and the number of tickets beside its name."""

    department: str
    tickets: int
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One move: the path of its outline, and a hue by the department that it comes from."""

    before: str
    after: str
    tickets: int
    path: str
    hue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The picture, `WIDTH` by `height`; `left_out` moves are too many for it."""

    sources: Sequence[Node]
    targets: Sequence[Node]
    bands: Sequence[Band]
    height: float
    left_out: int


def flow(moves: Sequence[tuple[str, str, int]]) -> Flow | None:
    """The picture of moves; None where nothing moves.

    Args:
        moves: from, to, tickets (1 or more); most tickets first.
    """
    drawn = moves[:MOST_BANDS]
    if not drawn:
        return None
    scale = _TALL / sum(tickets for _, _, tickets in drawn)
    sources = _column(_sums((before, n) for before, _, n in drawn), 0, scale)
    targets = _column(_sums((after, n) for _, after, n in drawn), WIDTH - _NODE, scale)
    low = max(_bottom(sources), _bottom(targets))
    return Flow(
        sources=sources,
        targets=targets,
        bands=_bands(drawn, sources, targets, scale),
        height=round(low, 1),
        left_out=len(moves) - len(drawn),
    )


def _sums(ends: Iterable[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """Departments with their tickets, the largest first."""
    counts: Counter[str] = Counter()
    for department, tickets in ends:
        counts[department] += tickets
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _column(sizes: Sequence[tuple[str, int]], x: float, scale: float) -> Sequence[Node]:
    nodes, y = [], 0.0
    for department, tickets in sizes:
        height = max(1.0, tickets * scale)
        nodes.append(
            Node(
                department=department, tickets=tickets, x=x, y=round(y, 2), height=round(height, 2)
            )
        )
        y += max(height + _GAP, _ROOM)
    return nodes


def _bottom(nodes: Sequence[Node]) -> float:
    return nodes[-1].y + max(nodes[-1].height, _ROOM - _GAP)


def _bands(
    moves: Sequence[tuple[str, str, int]],
    sources: Sequence[Node],
    targets: Sequence[Node],
    scale: float,
) -> Sequence[Band]:
    """In the order of both columns, so that bands at one bar do not cross each other."""
    left, right = _ranks(sources), _ranks(targets)
    leaving = {node.department: node.y for node in sources}
    coming = {node.department: node.y for node in targets}
    bands = []
    for before, after, n in sorted(moves, key=lambda move: (left[move[0]], right[move[1]])):
        path = _path(leaving[before], coming[after], n * scale)
        leaving[before] += n * scale
        coming[after] += n * scale
        hue = left[before] % _HUES
        bands.append(Band(before=before, after=after, tickets=n, path=path, hue=hue))
    return bands


def _ranks(nodes: Sequence[Node]) -> dict[str, int]:
    return {node.department: rank for rank, node in enumerate(nodes)}


def _path(start: float, end: float, height: float) -> str:
    """From the left column's inner edge at `start` to the right one's at `end`."""
    x0, x1 = float(_NODE), float(WIDTH - _NODE)
    middle = (x0 + x1) / 2
    low, far = start + height, end + height
    return (
        f"M{x0:.0f} {start:.2f}C{middle:.0f} {start:.2f} {middle:.0f} {end:.2f} {x1:.0f} {end:.2f}"
        f"V{far:.2f}C{middle:.0f} {far:.2f} {middle:.0f} {low:.2f} {x0:.0f} {low:.2f}Z"
    )
