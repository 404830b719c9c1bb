import numpy as np
import pytest

from core.errors import Invalid
from trainer.drift.window import Window

_SCORES = np.full((3, 2), 0.5)


def test_a_window_has_as_many_tickets_as_rows() -> None:
    assert len(Window(scores=_SCORES, texts=["a", "b", "c"])) == 3
    assert len(Window(scores=np.zeros((0, 2)))) == 0


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_scores_that_are_no_probabilities_are_refused(value: float) -> None:
    with pytest.raises(Invalid, match="scores"):
        Window(scores=np.full((3, 2), value))


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Invalid, match="table"):
        Window(scores=np.zeros(3))
    with pytest.raises(Invalid, match="texts"):
        Window(scores=_SCORES, texts=["a"])
    with pytest.raises(Invalid, match="features"):
        Window(scores=_SCORES, features=np.zeros((4, 9)))
    with pytest.raises(Invalid, match="truth"):
        Window(scores=_SCORES, truth=np.zeros((3, 1), np.uint8))
