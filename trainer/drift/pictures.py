"""Pictures of a comparison, as PNG in text form: a page with them needs nothing from elsewhere."""

import base64
import io
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from trainer.drift.findings import Severity
from trainer.drift.label_rows import LabelRow

COLOURS = {
    Severity.TOO_FEW: "#8a8577",
    Severity.QUIET: "#8a8577",
    Severity.WATCH: "#b7791f",
    Severity.ALERT: "#b83227",
}
_BEFORE = "#6b665a"
_ROW_INCHES, _MARGIN_INCHES, _WIDTH_INCHES = 0.26, 1.1, 9.0
_MAX_NAME = 40


def share_picture(rows: Sequence[LabelRow]) -> str:
    """Estimated share of each label, before and now, on a logarithmic axis: a data URI."""
    return _pairs(rows, [row.share for row in rows], "share of the tickets", log=True)


def quality_picture(rows: Sequence[LabelRow]) -> str:
    """Expected F1 of each label, before and now: a data URI."""
    return _pairs(rows, [row.f1 for row in rows], "expected F1", log=False)


def score_picture(rows: Sequence[LabelRow], limit: float) -> str:
    """Stability index of each label's scores with what chance gives and the limit: a data URI."""
    with _plain_text():
        figure, axes = _canvas(rows)
        places = np.arange(len(rows))
        axes.barh(places, [row.psi[0] for row in rows], color=_colours(rows), height=0.6)
        axes.plot([row.psi[1] for row in rows], places, "|", color="black", label="by chance")
        axes.axvline(limit, color=COLOURS[Severity.ALERT], linestyle=":", label="limit")
        axes.set_xlabel("stability index of the scores")
        axes.legend(loc="lower right")
        return _data_uri(figure)


def _pairs(
    rows: Sequence[LabelRow], pairs: Sequence[tuple[float, float]], name: str, *, log: bool
) -> str:
    with _plain_text():
        figure, axes = _canvas(rows)
        places = np.arange(len(rows))
        before, now = np.array(pairs).reshape(-1, 2).T
        axes.hlines(places, before, now, colors=_colours(rows), linewidth=2)
        axes.scatter(before, places, facecolor="white", edgecolor=_BEFORE, label="before", zorder=3)
        axes.scatter(now, places, color=_colours(rows), label="now", zorder=3)
        if log:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(name)
        axes.legend(loc="lower right")
        return _data_uri(figure)


def _plain_text() -> AbstractContextManager[None]:
    """Labels are anybody's text: no dollar sign starts a formula."""
    return rc_context({"text.parse_math": False, "font.size": 9})


def _canvas(rows: Sequence[LabelRow]) -> tuple[Figure, Axes]:
    """An empty picture with a line for each label, the first on top."""
    height = _MARGIN_INCHES + _ROW_INCHES * len(rows)
    figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_yticks(np.arange(len(rows)), [_shortened(row.label) for row in rows])
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _colours(rows: Sequence[LabelRow]) -> list[str]:
    return [COLOURS[row.severity] for row in rows]


def _shortened(label: str) -> str:
    return label if len(label) <= _MAX_NAME else f"{label[: _MAX_NAME - 1]}…"


def _data_uri(figure: Figure) -> str:
    """A missing glyph shows as a box; the table beside has the name."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(stream, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
