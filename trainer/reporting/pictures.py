"""The pictures of a report: small SVG drawings that take their colours from the page.

matplotlib draws with stand-in colours that become CSS variables, so one drawing serves light and
dark; text stays text in the page's own font. Nothing here is worth a picture by itself: what is
drawn, and of which labels, is `trainer.reporting.report`'s matter.

Shapes: b tickets, l labels.
"""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from trainer.measure.metrics import ECE_BINS, Marks, Scores, ratio

# Stand-ins; none of them is a colour that matplotlib uses by itself.
INK, OURS, THEIRS, ACCENT = "#010203", "#010204", "#010205", "#010206"
_VARIABLES = {INK: "--ink", OURS: "--ours", THEIRS: "--theirs", ACCENT: "--accent"}
_STYLE: dict[RcKeyType, object] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "lines.linewidth": 1.6,
}
_PANEL_IN = (2.5, 2.0)
_POINTS = 60  # of a curve; more cannot be told apart on a panel
_LONGEST_NAME = 26
_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_FAINT = 0.02  # a cell paler than this is not drawn
# What a page has no use for; ids that nothing refers to; the font, which is the page's.
_NOISE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>"
    r'| xmlns(?::xlink)?="[^"]*"| id="[A-Za-z0-9.]+_\d+"|font-family: [^;"]*; |\s*\n\s*',
    re.DOTALL,
)
_DECIMALS = re.compile(r"(\d\.\d)\d+")
_PLACES = re.compile(r' (?:d|x|y|transform)="[^"]*"')

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One drawing.

    Attributes:
        svg: an `<svg>` element for a page that defines `--ink`, `--ours`, `--theirs`, `--accent`.
        caption: what it is about: a label, mostly. Not escaped.
        alt: what it shows, in a sentence. Not escaped.
        note: a figure to stand beside the caption. Not escaped.
    """

    svg: str
    caption: str
    alt: str
    note: str = ""


def precision_recall(
    label: str, truth: Marks, ours: Scores, theirs: Scores, at: tuple[float, float]
) -> Picture:
    """Precision over recall of both models, and where the threshold stands.

    Args:
        label: its name.
        truth: 0 and 1, shape (b), with at least one 1.
        ours: scores of the model, shape (b).
        theirs: scores of the linear model, shape (b).
        at: recall and precision at the threshold.
    """

    def draw(axes: Axes) -> None:
        for scores, colour in ((theirs, THEIRS), (ours, OURS)):
            precision, recall, _ = precision_recall_curve(truth, scores)
            kept = _thinned(recall)
            axes.plot(recall[kept], precision[kept], color=colour)
        axes.plot(*at, "o", color=OURS, markersize=5)
        _unit_square(axes, "recall", "precision")

    alt = f"{label}: at its threshold precision {at[1]:.2f} and recall {at[0]:.2f}"
    return _panel(label, alt, draw)


def reliability(label: str, truth: Marks, scores: Scores, error: float) -> Picture:
    """Share that is true over the score; on the diagonal a score means what it says.

    Args:
        label: its name.
        truth: 0 and 1, shape (b).
        scores: in [0, 1], shape (b).
        error: expected calibration error, quoted.
    """
    said, true, rows = _bins(truth, scores)

    def draw(axes: Axes) -> None:
        axes.plot((0, 1), (0, 1), color=INK, linewidth=0.5, linestyle=":")
        axes.plot(said, true, color=OURS, linewidth=1)
        sizes = 8 + 60 * rows / rows.max(initial=1)
        axes.scatter(said, true, s=sizes, color=OURS, linewidths=0)
        _unit_square(axes, "score", "share true")

    alt = f"{label}: expected calibration error {error:.3f}"
    return _panel(label, alt, draw, f"ECE {error:.3f}")


def threshold_curves(label: str, truth: Marks, scores: Scores, threshold: float) -> Picture:
    """Precision, recall and share of tickets that get the label, over the threshold.

    Args:
        label: its name.
        truth: 0 and 1, shape (b).
        scores: in [0, 1], shape (b).
        threshold: the one in use.
    """
    steps = np.linspace(0, 1, _POINTS)
    precision, recall, share = _by_threshold(truth, scores, steps)

    def draw(axes: Axes) -> None:
        axes.axvline(threshold, color=INK, linewidth=0.5, linestyle=":")
        axes.plot(steps, precision, color=OURS)
        axes.plot(steps, recall, color=ACCENT)
        axes.plot(steps, share, color=THEIRS)
        _unit_square(axes, "threshold", "")

    alt = f"{label}: precision, recall and coverage by threshold; {threshold:.2f} is in use"
    return _panel(label, alt, draw, f"at {threshold:.2f}")


def heat_map(caption: str, alt: str, values: Array, labels: Sequence[str]) -> Picture:
    """A square of values in [-1, 1]: the deeper the colour, the further from 0.

    Args:
        caption: of the picture.
        alt: what it shows.
        values: shape (l, l); rows run downwards.
        labels: l names.
    """
    side = 1.9 + 0.22 * len(labels)

    def draw(axes: Axes) -> None:
        axes.add_collection(_cells(values))
        _name_cells(axes, labels)

    svg = _svg(draw, (side, side), _margins(side), alt)
    return Picture(svg=svg, caption=caption, alt=alt)


def course(name: str, entries: Sequence[Mapping[str, float]], over: str) -> Picture:
    """One figure as training went on.

    Args:
        name: key of the figure in every entry.
        entries: at least one.
        over: key of what runs along: `epoch` or `rows`.
    """
    along = [entry[over] for entry in entries]
    values = [entry[name] for entry in entries]

    def draw(axes: Axes) -> None:
        axes.plot(along, values, "o-", color=OURS, markersize=4)
        axes.set_xlabel(over)
        axes.set_ylim(min(0.0, *values), 1.08 * max(1e-9, *values))

    words = name.replace("_", " ")
    alt = f"{words} from {values[0]:.3f} to {values[-1]:.3f} over {len(values)} points"
    return _panel(words, alt, draw, f"{values[-1]:.3f}")


def _panel(caption: str, alt: str, draw: Callable[[Axes], None], note: str = "") -> Picture:
    svg = _svg(draw, _PANEL_IN, (0.2, 0.22, 0.77, 0.74), alt)
    return Picture(svg=svg, caption=caption, alt=alt, note=note)


def _svg(
    draw: Callable[[Axes], None],
    size_in: tuple[float, float],
    place: tuple[float, float, float, float],
    salt: str,
) -> str:
    """An element without fixed colours; pictures with other salts share no id with it."""
    stream = StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": salt}), warnings.catch_warnings():
        # A glyph that matplotlib's font lacks is drawn by the page's font.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=size_in)
        FigureCanvasAgg(figure)
        draw(figure.add_axes(place))
        figure.savefig(stream, format="svg", transparent=True, metadata=_METADATA)
    return _for_page(stream.getvalue())


def _for_page(svg: str) -> str:
    """Without what a page does not need, with the page's colours, to a tenth of a point."""
    svg = _NOISE.sub("", svg).replace("xlink:href", "href")
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return _PLACES.sub(lambda found: _DECIMALS.sub(r"\1", found[0]), svg)


def _unit_square(axes: Axes, across: str, up: str) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=across, ylabel=up)
    axes.set_xticks((0, 0.5, 1), ("0", ".5", "1"))
    axes.set_yticks((0, 0.5, 1), ("0", ".5", "1"))


def _thinned(recall: Array) -> NDArray[np.int64]:
    """Row numbers of at most `_POINTS` points about equally far apart, ends included.

    Args:
        recall: falling from 1 to 0, as scikit-learn gives it.
    """
    places = np.searchsorted(-recall, -np.linspace(1, 0, _POINTS))
    return np.unique(np.clip([*places, len(recall) - 1], 0, len(recall) - 1))


def _bins(truth: Marks, scores: Scores) -> tuple[Array, Array, Array]:
    """Mean score, share that is true, and rows of each bin that has rows; bins as for ECE."""
    places = np.minimum((scores * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    rows = np.bincount(places, minlength=ECE_BINS).astype(np.float64)
    said = ratio(np.bincount(places, weights=scores, minlength=ECE_BINS), rows)
    true = ratio(np.bincount(places, weights=truth, minlength=ECE_BINS), rows)
    held = rows > 0
    return said[held], true[held], rows[held]


def _by_threshold(truth: Marks, scores: Scores, steps: Array) -> tuple[Array, Array, Array]:
    """Precision, recall and share predicted at each step, shape of `steps`.

    Precision is not a number where nothing is predicted, so that the line ends there.
    """
    all_scores, hits = np.sort(scores), np.sort(scores[truth == 1])
    predicted = len(all_scores) - np.searchsorted(all_scores, steps)
    found = (len(hits) - np.searchsorted(hits, steps)).astype(np.float64)
    precision = np.where(predicted > 0, ratio(found, predicted), np.nan)
    return precision, found / max(len(hits), 1), predicted / max(len(all_scores), 1)


def _cells(values: Array) -> PolyCollection:
    """One colour a sign, as opaque as the value is large."""
    depth = np.clip(np.abs(values), 0, 1)
    rows, columns = np.nonzero(depth >= _FAINT)
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])  # (4, 2)
    squares = np.stack([columns, rows], axis=1)[:, None] + corners  # (cells, 4, 2)
    colours = [
        (OURS if values[cell] >= 0 else ACCENT, round(float(depth[cell]), 2))
        for cell in zip(rows, columns, strict=True)
    ]
    return PolyCollection(list(squares), facecolors=colours, edgecolors="none")


def _name_cells(axes: Axes, labels: Sequence[str]) -> None:
    """Names at the left and below; a dollar sign in a name is no formula."""
    names = [n if len(n) <= _LONGEST_NAME else f"{n[: _LONGEST_NAME - 1]}…" for n in labels]
    middles = np.arange(len(names)) + 0.5
    axes.set_xticks(middles, names, rotation=90, parse_math=False, fontsize=9)
    axes.set_yticks(middles, names, parse_math=False, fontsize=9)
    axes.tick_params(length=0)
    axes.set(xlim=(0, len(names)), ylim=(len(names), 0))


def _margins(side_in: float) -> tuple[float, float, float, float]:
    """Room for names at the left and below."""
    names = 1.8 / side_in
    return names, names, 0.995 - names, 0.995 - names
