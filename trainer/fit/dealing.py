"""Who learns from which rows, what is chosen on which, and what is reported on which."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Invalid
from trainer.data.dataset import Dataset
from trainer.data.split import split_rows
from trainer.fit.corpus import Corpus
from trainer.job.request import Preset

# Of one file: what teaches, (what is chosen on,) what is reported on.
SHARES = {
    Preset.COLD_START: (0.8, 0.2),
    Preset.FAST: (0.8, 0.2),
    Preset.BALANCED: (0.7, 0.15, 0.15),
    Preset.BEST: (0.7, 0.15, 0.15),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What was given; `val` and `holdout` may be missing."""

    data: Dataset
    val: Dataset | None
    holdout: Dataset | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The rows of a training.

    Attributes:
        train: what teaches.
        choice: rows for the best epoch, calibration and thresholds; None where rows of `train`
            are left out in turn for that.
        report: rows that nothing is chosen on; None where `choice` must serve, crosswise.
        source: what the rows that are reported on were read from.
        inside: they are a part of the data given.
    """

    train: Corpus
    choice: Corpus | None
    report: Corpus | None
    source: Dataset
    inside: bool


def deal(files: Files, labels: tuple[str, ...], preset: Preset, seed: int) -> Parts:
    """Gives each row its part; a file that is missing is replaced by a share of the data.

    Raises:
        Invalid: there are too few rows, or more files than the preset has a use for.
    """
    given = Corpus.of(files.data, labels)
    val, holdout = (
        Corpus.of(file, labels) if file else None for file in (files.val, files.holdout)
    )
    chooses = len(SHARES[preset]) == 3
    if val is not None and holdout is not None and not chooses:
        problem = f"has no use in preset {preset.value} beside a holdout"
        raise Invalid("--val", problem, "leave it out, or add its rows to --data")
    source, inside = files.holdout or files.val or files.data, not (val or holdout)
    if val is not None:
        report = holdout if chooses else val
        return Parts(
            train=given,
            choice=val if chooses else None,
            report=report,
            source=source,
            inside=inside,
        )
    shares = SHARES[preset] if holdout is None else SHARES[preset][:-1]
    first, *others = _dealt(given, shares, seed)
    report = others.pop() if holdout is None else holdout
    choice = others[0] if others else None
    return Parts(train=first, choice=choice, report=report, source=source, inside=inside)


def _dealt(given: Corpus, shares: Sequence[float], seed: int) -> list[Corpus]:
    if len(shares) == 1:
        return [given]
    whole = [share / sum(shares) for share in shares]
    parts = [given.take(rows) for rows in split_rows(given.texts, given.truth, whole, seed)]
    if not all(len(part.texts) for part in parts):
        raise Invalid("--data", "holds too few different tickets", "label more of them")
    return parts
