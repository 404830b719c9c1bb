import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from classifier.scoring import Thresholds
from trainer.drift.estimated import Estimate, Quality, estimated_quality
from trainer.measure.metrics import Metrics, measure

LABELS = ("often", "seldom", "never")
THRESHOLDS = Thresholds(by_label={"often": 0.4, "seldom": 0.25, "never": 0.9})


def _window(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Scores (b, 3) and a truth that they are calibrated for."""
    chance = np.random.default_rng(seed)
    scores = np.stack([chance.beta(1, 1, count), chance.beta(1, 8, count)], axis=1)
    scores = np.hstack([scores, np.full((count, 1), 0.001)])
    return scores, (chance.random(scores.shape) < scores).astype(np.uint8)


def _figures(quality: Quality) -> list[Estimate]:
    together = [quality.micro.precision, quality.micro.recall, quality.micro.f1]
    labels = [
        figure
        for name in ("often", "seldom")
        for of in [quality.per_label[name]]
        for figure in (of.precision, of.recall, of.f1)
    ]
    return [*together, *labels]


def _measured(metrics: Metrics, truth: NDArray[np.uint8], hits: NDArray[np.uint8]) -> list[float]:
    right = int((truth & hits).sum())
    together = [right / hits.sum(), right / truth.sum(), metrics.micro_f1]
    of = [metrics.per_label[name] for name in ("often", "seldom")]
    return [float(f) for f in (*together, *(f for m in of for f in (m.precision, m.recall, m.f1)))]


def test_what_is_expected_is_what_labels_show() -> None:
    scores, truth = _window(40_000, 1)
    expected = _figures(estimated_quality(scores, THRESHOLDS))
    found = measure(truth, scores, THRESHOLDS)
    seen = _measured(found, truth, THRESHOLDS.predicted(scores))
    assert [e.value for e in expected] == pytest.approx(seen, abs=0.01)


def test_the_error_is_how_much_the_measured_figures_scatter() -> None:
    windows = [_window(1000, seed) for seed in range(300)]
    seen = np.array(
        [
            _measured(measure(truth, scores, THRESHOLDS), truth, THRESHOLDS.predicted(scores))
            for scores, truth in windows
        ]
    )
    errors = [e.error for e in _figures(estimated_quality(windows[0][0], THRESHOLDS))]
    assert errors == pytest.approx(seen.std(axis=0).tolist(), rel=0.2)


def test_the_macro_figure_is_the_mean_of_the_labels_with_a_smaller_error() -> None:
    quality = estimated_quality(_window(1000, 0)[0], THRESHOLDS)
    labels = [of.f1 for of in quality.per_label.values()]
    assert quality.macro.f1.value == pytest.approx(np.mean([f1.value for f1 in labels]))
    assert quality.macro.f1.error < max(f1.error for f1 in labels)
    seen = [
        measure(truth, scores, THRESHOLDS).macro_f1
        for scores, truth in (_window(1000, seed) for seed in range(200))
    ]
    assert quality.macro.f1.error == pytest.approx(np.std(seen), rel=0.2)


def test_a_label_that_is_not_predicted_is_worth_nothing_and_is_sure_of_it() -> None:
    never = estimated_quality(_window(500, 0)[0], THRESHOLDS).per_label["never"]
    for figure in (never.precision, never.recall, never.f1):
        assert (figure.value, figure.error) == (0, 0)


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(0, 20), st.just(3)), elements=st.floats(0, 1))
)
def test_figures_are_always_numbers_from_0_to_1(
    scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    for figure in _figures(estimated_quality(scores, THRESHOLDS)):
        assert -1e-9 <= figure.value <= 1 + 1e-9
        assert np.isfinite(figure.error)
