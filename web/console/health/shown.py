"""What the health page shows, made from rows by pure functions: bars, shares, lines of tables."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.intervals import Interval, share_interval
from core.types import Rung
from store.figures.quality import Figures, Outcome
from store.figures.throughput import HourCount
from store.queue.workers import Worker

HOURS = 24
_HIGH = 40.0
_GAP = 0.2
_GONE_SHOWN = 5
_LABELS_SHOWN = 40
_ADDED = ("tickets", "automatic", "outcomes", "moved", "audited", "audited_right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A rung's share of an hour's bar; `y` and `height` in a picture that is 40 high."""

    rung: str
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """An hour's bar, with its left edge in 0..24."""

    since: datetime
    x: float
    decided: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RungShare:
    """What one rung decided; `share` in (0, 1]."""

    rung: str
    decided: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The last 24 hours: their bars, and what each rung had of them, best rung first."""

    hours: tuple[Hour, ...]
    rungs: tuple[RungShare, ...]
    decided: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLine:
    """What agents made of one label's predictions.

    Attributes:
        overruled: share of the judged ones that they took away, with the bounds at 95 %.
        judged: that they left or took away.
    """

    name: str
    overruled: Interval
    judged: int
    precision: float | None
    recall: float | None


def day_of(counts: Sequence[HourCount], until: datetime) -> Day:
    """The 24 hours before `until`, those without a decision too."""
    by_hour: dict[datetime, Counter[str]] = {
        until - timedelta(hours=back): Counter() for back in range(HOURS, 0, -1)
    }
    for since, rung, decided in counts:
        by_hour[since][rung] += decided
    most = max(each.total() for each in by_hour.values())
    hours = tuple(_hour(since, x, found, most) for x, (since, found) in enumerate(by_hour.items()))
    total = sum(by_hour.values(), Counter[str]())
    return Day(hours=hours, rungs=_rungs(total), decided=total.total(), most=most)


def all_of(groups: Iterable[Figures]) -> Figures:
    """Groups that share no decision as one: what the page shows of it, no durations."""
    total = Figures()
    for each in groups:
        for name in _ADDED:
            setattr(total, name, getattr(total, name) + getattr(each, name))
    return total


def label_lines(found: Mapping[str, Figures]) -> tuple[LabelLine, ...]:
    """Labels that agents judged, the most overruled first.

    By the lower bound, so that one unlucky prediction does not come before a label that is wrong
    again and again.
    """
    lines = [line for name, of in found.items() if (line := _label(name, of)) is not None]
    lines.sort(key=lambda line: (-line.overruled.low, line.name))
    return tuple(lines[:_LABELS_SHOWN])


def shown_workers(workers: Sequence[Worker]) -> tuple[Worker, ...]:
    """Those that live, then some that were seen last."""
    gone = sorted((each for each in workers if not each.alive), key=lambda each: each.seen_at)
    return (*(each for each in workers if each.alive), *gone[::-1][:_GONE_SHOWN])


def fill(worker: Worker) -> float | None:
    """Tickets that a worker decided per chunk that went through its device; None before any."""
    chunks = worker.report.counters.get("chunks", 0)
    return worker.report.counters.get("tickets_scored", 0) / chunks if chunks else None


def _hour(since: datetime, x: int, found: Mapping[str, int], most: int) -> Hour:
    parts, top = [], _HIGH
    for rung in _ladder(found):
        height = _HIGH * found[rung] / most
        top -= height
        parts.append(Part(rung=rung, y=round(top, 3), height=round(height, 3)))
    return Hour(since=since, x=x + _GAP / 2, decided=sum(found.values()), parts=tuple(parts))


def _rungs(total: Counter[str]) -> tuple[RungShare, ...]:
    return tuple(
        RungShare(
            rung=rung,
            decided=total[rung],
            share=total[rung] / total.total(),
        )
        for rung in _ladder(total)
    )


def _ladder(found: Mapping[str, int]) -> list[str]:
    return [rung for rung in Rung if found.get(rung)]


def _label(name: str, of: Figures) -> LabelLine | None:
    overruled = share_interval(of.outcomes[Outcome.REPLACED], of.judged)
    if overruled is None:
        return None
    return LabelLine(
        name=name,
        overruled=overruled,
        judged=of.judged,
        precision=of.precision,
        recall=of.recall,
    )
