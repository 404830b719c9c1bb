"""Findings about the texts themselves, before any model has said a word about them."""

from collections.abc import Iterator
from dataclasses import dataclass

from trainer.drift.distance import mean_distance
from trainer.drift.domain import tell_apart
from trainer.drift.findings import Finding, Signal, in_words
from trainer.drift.limits import Limit, Limits
from trainer.drift.sample import Sample, draw_sample
from trainer.drift.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A signal's value and what chance has to do with it."""

    signal: Signal
    value: float
    noise: float | None = None
    p_value: float
    limit: Limit
    said: str


def watch_texts(reference: Window, current: Window, limits: Limits, seed: int) -> Iterator[Finding]:
    """Distance, distinguishability and the share of new texts.

    Nothing where the windows have neither texts nor features, or too few different ones: half of
    what a window needs, for a stream repeats itself.

    Args:
        reference: with texts or features.
        current: with the same.
        limits: what to go by.
        seed: of the samples.
    """
    sample = draw_sample(reference, current, limits.text_sample, seed)
    if sample is None or 2 * min(sample.counts) < limits.min_tickets:
        return
    for measured in (_distance(sample, limits, seed), *_domains(sample, limits)):
        yield _finding(measured, sample.counts, limits.alpha)


def _distance(sample: Sample, limits: Limits, seed: int) -> _Measured:
    n, most = sample.reference_n, limits.distance_sample
    found = mean_distance(
        sample.points[:n][:most],
        sample.points[n:][:most],
        permutations=limits.permutations,
        alpha=limits.alpha,
        seed=seed,
    )
    return _Measured(
        signal=Signal.TEXT_DISTANCE,
        value=found.value,
        noise=found.noise,
        p_value=found.p_value,
        limit=limits.text_distance,
        said=f"The texts lie {found.value:.3f} from those before, on a scale to about 1",
    )


def _domains(sample: Sample, limits: Limits) -> Iterator[_Measured]:
    found = tell_apart(sample.rows, sample.is_current, sample.groups)
    yield _Measured(
        signal=Signal.TEXT_AUC,
        value=found.auc,
        p_value=found.auc_p_value,
        limit=limits.text_auc,
        said=f"Shown an old and a new ticket, a classifier names the new one in {found.auc:.0%}",
    )
    yield _Measured(
        signal=Signal.NEW_TEXTS,
        value=found.novel,
        p_value=found.novel_p_value,
        limit=limits.new_texts,
        said=f"At least {found.novel:.1%} of the different texts are of a kind unseen before",
    )


def _finding(measured: _Measured, counts: tuple[int, int], alpha: float) -> Finding:
    by_chance = measured.p_value > alpha
    severity = measured.limit.severity(measured.value, by_chance=by_chance)
    return Finding(
        signal=measured.signal,
        value=measured.value,
        limit=measured.limit.alert,
        noise=measured.noise,
        p_value=measured.p_value,
        reference_n=counts[0],
        current_n=counts[1],
        severity=severity,
        sentence=in_words(measured.said, severity),
    )
