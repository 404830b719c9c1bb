import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.fit.blend import SHARES, choose_blend
from trainer.fit.head import mean_average_precision


def _views(noise: tuple[float, float]) -> tuple[NDArray[np.uint8], list[NDArray[np.float64]]]:
    """Truth, and two models that see it through noise of their own."""
    chance = np.random.default_rng(0)
    truth = (chance.random((2000, 2)) < 0.2).astype(np.uint8)
    return truth, [truth * 3.0 - 1 + chance.normal(0, sd, truth.shape) for sd in noise]


def test_two_models_that_err_apart_are_better_together() -> None:
    truth, (first, second) = _views((1.5, 1.5))
    blend = choose_blend(first, 40 * second, truth, ["a", "b"])
    assert 0.3 <= blend.share <= 0.7
    alone = max(mean_average_precision(truth, part) for part in (first, second))
    assert mean_average_precision(truth, blend.logits(first, 40 * second)) > alone + 0.05


def test_a_model_that_knows_nothing_is_left_out() -> None:
    truth, (first, second) = _views((0.3, 1000.0))
    assert choose_blend(first, second, truth, ["a", "b"]).share >= 0.9


def test_the_scales_say_what_the_blend_does() -> None:
    truth, (first, second) = _views((1.0, 2.0))
    blend = choose_blend(first, second, truth, ["a", "b"])
    (a, b), (c, d) = blend.scales
    assert blend.logits(first, second) == pytest.approx(a * first + b + c * second + d)
    assert blend.share in SHARES
