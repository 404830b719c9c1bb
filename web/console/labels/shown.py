"""What the label pages show, made by pure functions: lines of the list, levels, curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.content_id import content_id
from core.types import Automation, LabelLevel
from router.label_listing import ListedLabel
from router.operating_points import Curve, Point
from store.figures.quality import Figures
from store.rules.taxonomy import Label
from web.console.words import N_

LEVELS: Mapping[Automation, tuple[str, str]] = {
    Automation.OFF: (N_("Off"), N_("Nobody sees it.")),
    Automation.SHADOW: (N_("Shadow"), N_("Scored and kept, without effect.")),
    Automation.SUGGEST: (N_("Suggest"), N_("Among the suggestions in review.")),
    Automation.PRESELECT: (N_("Preselect"), N_("Agents find it ticked.")),
    Automation.AUTO: (N_("Auto"), N_("It steers rules by itself.")),
}
WIDTH, HEIGHT = 600, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label in the list.

    Attributes:
        key: its place among addresses, which never hold a name.
        threshold: from which score it counts; None where the model does not know it.
        tickets: that people gave it; likewise `needs` unknown while the list is on its way.
        decided: tickets that it was predicted for in 30 days.
        overridden: share of those judged that agents replaced, in [0, 1].
        stale: whether its scores were chosen by the figures of another model.
    """

    key: str
    name: str
    description: str
    level: str
    threshold: float | None
    tickets: int | None = None
    needs: int | None = None
    decided: int | None = None
    overridden: float | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A curve as points of three SVG lines, `x,y x,y …`, in a box of `WIDTH` by `HEIGHT`.

    Attributes:
        points: threshold, then value, low and high of precision, recall and coverage, by falling
            threshold; what the page's script tells of a score before it is saved.
    """

    precision: str
    recall: str
    coverage: str
    points: Sequence[Sequence[float]]
    positives: int
    rows: int


def key_of(label: str) -> str:
    """12 hex digits that stand for a label in addresses."""
    return content_id(label.encode())


def label_at(labels: Sequence[Label], key: str) -> Label | None:
    """The label of a key."""
    return next((label for label in labels if key_of(label.name) == key), None)


def bare_line(label: Label, model: str | None) -> Line:
    """A label without what must be counted."""
    return Line(
        key=key_of(label.name),
        name=label.name,
        description=label.description,
        level=LEVELS[label.level.automation][0],
        threshold=_own(label.level),
        stale=_is_stale(label, model),
    )


def full_line(found: ListedLabel, figures: Figures | None, model: str | None) -> Line:
    """A label with its data, and what was decided and overruled of it."""
    own = _own(found.label.level)
    return Line(
        key=key_of(found.label.name),
        name=found.label.name,
        description=found.label.description,
        level=LEVELS[found.label.level.automation][0],
        threshold=found.threshold if own is None else own,
        tickets=found.tickets,
        needs=found.needs,
        decided=0 if figures is None else figures.tickets,
        overridden=None if figures is None else figures.override_rate,
        stale=_is_stale(found.label, model),
    )


def drawn(curve: Curve) -> Drawing:
    """A label's curve as a picture and as numbers."""
    shown = [point for point in curve.points if point.predicted]
    return Drawing(
        precision=_line(shown, [point.precision.value for point in shown]),
        recall=_line(shown, [point.recall.value for point in shown]),
        coverage=_line(shown, [point.coverage.value for point in shown]),
        points=[_numbers(point) for point in curve.points],
        positives=curve.positives,
        rows=curve.rows,
    )


def _own(level: LabelLevel) -> float | None:
    steers = level.automation is Automation.AUTO
    return level.auto_from if steers else level.preselect_from


def _is_stale(label: Label, model: str | None) -> bool:
    return label.measured_on is not None and label.measured_on != model


def _line(points: Sequence[Point], values: Sequence[float]) -> str:
    pairs = zip(points, values, strict=True)
    return " ".join(
        f"{point.threshold * WIDTH:.1f},{(1 - value) * HEIGHT:.1f}" for point, value in pairs
    )


def _numbers(point: Point) -> Sequence[float]:
    shares = (point.precision, point.recall, point.coverage)
    values = [number for share in shares for number in (share.value, share.low, share.high)]
    return [round(point.threshold, 6), *(round(value, 4) for value in values)]
