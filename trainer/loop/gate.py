"""Whether a candidate may take the champion's place: every check, with its numbers and a sentence.

Pure: what was measured goes in, a decision with its reasons comes out. Both models must have
answered the same rows, which are put in an order of their own first, so that the order in which
they came cannot matter.

Shapes: b tickets, l labels, k labels with enough tickets, r resamples.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.errors import Invalid
from trainer.data.split import Rows
from trainer.measure.answers import Answers
from trainer.measure.bootstrap import Array, Resampled, difference, resample
from trainer.measure.metrics import Counts, calibration_error, ratio


class GateMode(StrEnum):
    """Who has the last word when every check passes."""

    AUTO = "auto"
    MANUAL = "manual"


class GateDecision(StrEnum):
    """What becomes of a candidate."""

    PROMOTED = "promoted"
    WAITING = "waiting for approval"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """What a candidate must keep to.

    Attributes:
        mode: auto or manual.
        max_drop: of macro-F1, in [0, 1]. 0.02, since noise alone reaches to 0.017: on the 2,635
            validation rows of `sumo_firefox` (31 labels) the 95 % interval of the paired
            difference between the network and the linear model is that wide to either side.
        max_label_drop: of one label's F1, in [0, 1].
        min_support: tickets that a label needs in the holdout to be judged alone.
        min_newest: tickets that the newest slice needs to be judged.
        max_ece: expected calibration error that is never held against a candidate, in [0, 1].
        max_latency_ratio: candidate by champion.
        max_memory_ratio: candidate by champion.
        confidence: of the two-sided interval of macro-F1, in (0, 1).
        seed: of the resampling.
    """

    mode: GateMode = GateMode.MANUAL
    max_drop: float = 0.02
    max_label_drop: float = 0.05
    min_support: int = 20
    min_newest: int = 100
    max_ece: float = 0.05
    max_latency_ratio: float = 1.5
    max_memory_ratio: float = 1.5
    confidence: float = 0.9
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contender:
    """What was measured of one model.

    Attributes:
        holdout: its answers on the frozen holdout.
        newest: its answers on the newest labelled tickets; None where there are none.
        linear: the answers of the linear model beside it on the holdout; None if not measured.
        latency_ms: a ticket, above 0; None if not measured.
        memory_mb: at its highest while serving, above 0; None if not measured.
    """

    holdout: Answers
    newest: Answers | None = None
    linear: Answers | None = None
    latency_ms: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """One check.

    Attributes:
        name: of the check; one that concerns a label ends in its name.
        value: what was measured; None where nothing could be.
        limit: what it was held against.
        passed: whether it keeps to the limit.
        required: whether failing rejects; if not, failing is a warning.
        sentence: for people, in English.
        code: which sentence that is; who tells it in other words has it and the values.
        values: that stand in it.
    """

    name: str
    value: float | None
    limit: float
    passed: bool
    required: bool = True
    sentence: str
    code: str
    values: Mapping[str, str | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOutcome:
    """The decision, one sentence why, and every check."""

    decision: GateDecision
    reason: str
    checks: tuple[GateCheck, ...]

    @property
    def warnings(self) -> tuple[GateCheck, ...]:
        """Checks that failed and do not reject."""
        return tuple(check for check in self.checks if not check.passed and not check.required)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """Both models on the same rows, in canonical order, with the labels that both know."""

    candidate: Answers
    champion: Answers

    def resampled(self, seed: int) -> tuple[Resampled, Resampled]:
        """Champion and candidate on the same draws."""
        old, new = self.champion, self.candidate
        return (
            resample(old.truth, old.predicted, seed=seed),
            resample(new.truth, new.predicted, seed=seed),
        )


def judge(
    candidate: Contender,
    champion: Contender | None,
    limits: GateLimits,
    retired: Collection[str] = (),
) -> GateOutcome:
    """Decides, and says why.

    The labels that both know are compared. A label that only the candidate knows is told; one that
    only the champion knows rejects, unless it is not in use any more.

    Args:
        candidate: the model that would serve.
        champion: the model that serves; None where none does yet.
        limits: what is asked.
        retired: labels that nobody uses any more.

    Raises:
        Invalid: the two did not answer the same rows.
    """
    if champion is None:
        return _first(candidate, limits)
    checks = (
        *_quality(candidate, champion, limits),
        *_lost(candidate.holdout, champion.holdout, retired),
        *_gained(candidate.holdout, champion.holdout),
        *_cost(candidate, champion, limits),
        *_beside_linear(candidate),
    )
    failed = [check for check in checks if check.required and not check.passed]
    if failed:
        reason = " ".join(check.sentence for check in failed)
        return GateOutcome(decision=GateDecision.REJECTED, reason=reason, checks=checks)
    return _accepted("Every required check passes.", checks, limits.mode)


def _accepted(reason: str, checks: tuple[GateCheck, ...], mode: GateMode) -> GateOutcome:
    if mode is GateMode.AUTO:
        return GateOutcome(decision=GateDecision.PROMOTED, reason=reason, checks=checks)
    reason = f"{reason} A person has the last word."
    return GateOutcome(decision=GateDecision.WAITING, reason=reason, checks=checks)


def _first(candidate: Contender, limits: GateLimits) -> GateOutcome:
    """There is nothing to be worse than, so nothing rejects."""
    error = _ece(candidate.holdout)
    sentence = f"Calibration error {error:.3f}; at most {limits.max_ece:.3f} is wanted."
    calibration = GateCheck(
        name="calibration",
        value=error,
        limit=limits.max_ece,
        passed=error <= limits.max_ece,
        required=False,
        sentence=sentence,
        code="calibration_first",
        values={"error": error, "limit": limits.max_ece},
    )
    checks = (calibration, *_beside_linear(candidate))
    return _accepted("No model serves yet, so there is none to compare with.", checks, limits.mode)


def _quality(candidate: Contender, champion: Contender, limits: GateLimits) -> Iterator[GateCheck]:
    if not _common(candidate.holdout, champion.holdout):
        return
    pair = _paired(candidate.holdout, champion.holdout)
    drawn = pair.resampled(limits.seed)
    yield _macro("holdout", "macro_f1_holdout", drawn, limits)
    yield from _newest(candidate.newest, champion.newest, limits)
    yield from _labels(pair, drawn, limits)
    yield _calibration(pair, limits)


def _macro(
    where: str, code: str, drawn: tuple[Resampled, Resampled], limits: GateLimits
) -> GateCheck:
    """The paired difference against the drop that is allowed.

    A drop within the allowance still counts when it is clear of 0 and may be larger. On a small
    holdout every interval is wide, and one that holds both 0 and the allowance rejects nobody.
    """
    old, new = (side.figures["macro_f1"] for side in drawn)
    found = difference(old, new, limits.confidence)
    sentence = (
        f"Macro-F1 on the {where} changes by {found.value:+.3f} ({limits.confidence:.0%} interval "
        f"{found.low:+.3f} to {found.high:+.3f}); a drop of up to {limits.max_drop:.3f} is allowed."
    )
    return GateCheck(
        name=f"macro_f1 {where}",
        value=found.value,
        limit=-limits.max_drop,
        passed=found.value >= -limits.max_drop
        and (found.high >= 0 or found.low >= -limits.max_drop),
        sentence=sentence,
        code=code,
        values={
            "change": found.value,
            "low": found.low,
            "high": found.high,
            "confidence": limits.confidence,
            "drop": limits.max_drop,
        },
    )


def _newest(
    candidate: Answers | None, champion: Answers | None, limits: GateLimits
) -> Iterator[GateCheck]:
    """Nothing where the slice is too small to say anything."""
    if candidate is None or champion is None or len(candidate.truth) < limits.min_newest:
        return
    drawn = _paired(candidate, champion).resampled(limits.seed)
    yield _macro("newest slice", "macro_f1_newest", drawn, limits)


def _labels(
    pair: _Pair, drawn: tuple[Resampled, Resampled], limits: GateLimits
) -> Iterator[GateCheck]:
    """One check a label with enough tickets."""
    support = pair.champion.truth.sum(axis=0, dtype=np.int64)  # (l)
    judged = np.flatnonzero(support >= limits.min_support)  # (k)
    changes = (drawn[1].f1 - drawn[0].f1)[:, judged]  # (1 + r, k)
    for label, value, upper in zip(judged, changes[0], _upper_bounds(changes), strict=True):
        yield _label(pair.champion.labels[label], float(value), float(upper), limits)


def _label(label: str, value: float, upper: float, limits: GateLimits) -> GateCheck:
    sentence = (
        f"F1 of {label} changes by {value:+.3f}, with noise at best {upper:+.3f}; "
        f"a drop beyond {-limits.max_label_drop:+.3f} that noise does not explain is refused."
    )
    return GateCheck(
        name=f"label {label}",
        value=upper,
        limit=-limits.max_label_drop,
        passed=upper >= -limits.max_label_drop,
        sentence=sentence,
        code="label",
        values={"label": label, "change": value, "best": upper, "drop": -limits.max_label_drop},
    )


def _upper_bounds(changes: Array, confidence: float = 0.95) -> Array:
    """Upper bounds of the labels' changes that hold for all labels at once.

    With a bound a label one label in twenty would fall by chance. The bound is widened to the
    largest deviation of any label in a draw, in units of that label's own spread (Westfall and
    Young, "Resampling-based multiple testing", 1993; Romano and Wolf, "Stepwise multiple testing
    as formalized data snooping", 2005, the single step).

    Args:
        changes: shape (1 + r, k).
        confidence: that no label is blamed wrongly, in (0, 1).

    Returns:
        Shape (k); a label with the same predictions from both keeps its change of 0.
    """
    if not changes.shape[1]:
        return np.zeros(0)
    spread = changes[1:].std(axis=0)  # (k)
    deviations = ratio(changes[0] - changes[1:], np.broadcast_to(spread, changes[1:].shape))
    width = max(float(np.quantile(deviations.max(axis=1), confidence)), 0.0)
    bounds: Array = changes[0] + width * spread
    return bounds


def _lost(candidate: Answers, champion: Answers, retired: Collection[str]) -> Iterator[GateCheck]:
    for label in champion.labels:
        if label not in candidate.labels:
            is_retired = label in retired
            why = "it was retired" if is_retired else "rules and people still use it"
            yield GateCheck(
                name=f"lost label {label}",
                value=None,
                limit=0.0,
                passed=is_retired,
                sentence=f"The candidate does not know {label}, which serves now; {why}.",
                code="retired_label" if is_retired else "lost_label",
                values={"label": label},
            )


def _gained(candidate: Answers, champion: Answers) -> Iterator[GateCheck]:
    """There is nothing to be worse than, so what is found is only told."""
    f1 = Counts.of(candidate.truth, candidate.predicted).f1  # (l)
    for place, label in enumerate(candidate.labels):
        if label not in champion.labels:
            tickets = int(candidate.truth[:, place].sum())
            found = f"has F1 {f1[place]:.3f}" if tickets else "could not be measured"
            yield GateCheck(
                name=f"new label {label}",
                value=float(f1[place]) if tickets else None,
                limit=0.0,
                passed=True,
                required=False,
                sentence=f"{label}, which the serving model does not know, {found} "
                f"on its {tickets} tickets of the holdout.",
                code="new_label" if tickets else "new_label_unmeasured",
                values={"label": label, "f1": float(f1[place]), "tickets": tickets},
            )


def _calibration(pair: _Pair, limits: GateLimits) -> GateCheck:
    """Held against the limit, or against the champion where that is worse already."""
    error, before = _ece(pair.candidate), _ece(pair.champion)
    limit = max(limits.max_ece, before)
    sentence = f"Calibration error {error:.3f} after {before:.3f}; at most {limit:.3f} is allowed."
    return GateCheck(
        name="calibration",
        value=error,
        limit=limit,
        passed=error <= limit,
        sentence=sentence,
        code="calibration",
        values={"error": error, "before": before, "limit": limit},
    )


def _cost(candidate: Contender, champion: Contender, limits: GateLimits) -> Iterator[GateCheck]:
    times = (candidate.latency_ms, champion.latency_ms)
    yield _within("latency", *times, limits.max_latency_ratio)
    sizes = (candidate.memory_mb, champion.memory_mb)
    yield _within("memory", *sizes, limits.max_memory_ratio)


def _within(name: str, new: float | None, old: float | None, limit: float) -> GateCheck:
    """A ratio against its limit; where it was not measured this is a warning."""
    if not new or not old:
        sentence = f"The {name} of both was not measured."
        return GateCheck(
            name=name,
            value=None,
            limit=limit,
            passed=False,
            required=False,
            sentence=sentence,
            code=f"{name}_unmeasured",
            values={},
        )
    sentence = f"The {name} is {new / old:.2f} times the champion's; {limit:.2f} is allowed."
    return GateCheck(
        name=name,
        value=new / old,
        limit=limit,
        passed=new / old <= limit,
        sentence=sentence,
        code=name,
        values={"ratio": new / old, "limit": limit},
    )


def _beside_linear(candidate: Contender) -> Iterator[GateCheck]:
    """A network that a linear model beats is worth a warning, whatever the champion is."""
    if candidate.linear is None:
        return
    ours, theirs = _macro_f1(candidate.holdout), _macro_f1(candidate.linear)
    yield GateCheck(
        name="linear baseline",
        value=ours - theirs,
        limit=0.0,
        passed=ours > theirs,
        required=False,
        sentence=f"Macro-F1 {ours:.3f}; the linear model beside it has {theirs:.3f}.",
        code="linear",
        values={"ours": ours, "linear": theirs},
    )


def _macro_f1(answers: Answers) -> float:
    return float(Counts.of(answers.truth, answers.predicted).f1.mean())


def _ece(answers: Answers) -> float:
    return calibration_error(answers.truth, answers.scores)


def _paired(candidate: Answers, champion: Answers) -> _Pair:
    """The same rows, in an order that depends on nothing but what they hold.

    Raises:
        Invalid: they are not the same rows.
    """
    common = _common(candidate, champion)
    new, old = candidate.only(common), champion.only(common)
    if new.truth.shape != old.truth.shape or (new.truth != old.truth).any():
        fix = "let both answer the same labelled rows"
        raise Invalid("candidate", "answered other rows than the champion", fix)
    order = _canonical_order(new, old)
    return _Pair(candidate=new.take(order), champion=old.take(order))


def _common(candidate: Answers, champion: Answers) -> list[str]:
    """Labels that both know, in the champion's order."""
    return [label for label in champion.labels if label in candidate.labels]


def _canonical_order(first: Answers, second: Answers) -> Rows:
    """Row numbers in the order of the rows' bytes; rows that tie are equal in everything."""
    columns = (first.truth, first.predicted, second.predicted, first.scores, second.scores)
    rows: NDArray[np.float64] = np.ascontiguousarray(np.hstack(columns), dtype=np.float64)
    if not rows.size:
        return np.arange(len(rows))
    keys = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize)))[:, 0]
    return np.argsort(keys, kind="stable")
