"""Nobody teaches a label alone: how many of its new rows may come from one agent or one source.

It bounds what a hijacked account can do to a label before anybody notices. Where so few people
work that each has more than the allowed share, an equal split is what everybody may have, and some
rows always may be: teams of three are not to be cut to nothing.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

NO_LABEL = ""  # rows without any label are a class of their own: emptying tickets teaches too


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """One new row: which feedback it comes from, whose that is, and what it teaches."""

    id: UUID
    agent: str
    source: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What may come from one side.

    Attributes:
        agent: of a label's new rows from one agent, in (0, 1].
        source: of a label's new rows from one source of tickets, in (0, 1].
        rows: as many are never too many.
    """

    agent: float = 0.05
    source: float = 0.2
    rows: int = 30


def excess(taught: Sequence[Taught], shares: Shares) -> dict[UUID, str]:
    """Rows that are too many, with why; which ones is drawn by hash, so equal in every run.

    Args:
        taught: every new row that may teach.
        shares: what may come from one side.
    """
    by_agent = _over(taught, {x.id: x.agent for x in taught}, shares.agent, shares.rows)
    why = f"over {shares.agent:.0%} of a label's new rows by one agent"
    found = dict.fromkeys(by_agent, why)
    left = [x for x in taught if x.id not in found]
    by_source = _over(left, {x.id: x.source for x in left}, shares.source, shares.rows)
    why = f"over {shares.source:.0%} of a label's new rows from one source"
    return found | dict.fromkeys(by_source, why)


def allowed(counts: Iterable[int], share: float, rows: int) -> int:
    """How many of a label's rows one side may give.

    Args:
        counts: what each side gave.
        share: in (0, 1].
        rows: as many always.
    """
    given = list(counts)
    return max(rows, math.ceil(max(share, 1 / len(given)) * sum(given)))


def _over(
    taught: Sequence[Taught], sides: Mapping[UUID, str], share: float, rows: int
) -> set[UUID]:
    of_label: dict[str, list[Taught]] = defaultdict(list)
    for row in taught:
        for label in row.labels or (NO_LABEL,):
            of_label[label].append(row)
    found: set[UUID] = set()
    for members in of_label.values():
        most = allowed(Counter(sides[x.id] for x in members).values(), share, rows)
        taken: Counter[str] = Counter()
        for row in sorted(members, key=_draw):
            taken[sides[row.id]] += 1
            if taken[sides[row.id]] > most:
                found.add(row.id)
    return found


def _draw(row: Taught) -> bytes:
    return blake2b(row.id.bytes, digest_size=8).digest()
