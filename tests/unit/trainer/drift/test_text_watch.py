import numpy as np

from trainer.drift.findings import Severity, Signal
from trainer.drift.limits import Limits
from trainer.drift.text_watch import watch_texts
from trainer.drift.window import Window


def _window(seed: int, moved: float = 0.0, count: int = 300) -> Window:
    features = np.random.default_rng(seed).normal(moved, 1, (count, 8))
    return Window(scores=np.full((count, 1), 0.5), features=features)


def _severities(before: Window, now: Window) -> dict[Signal, Severity]:
    return {f.signal: f.severity for f in watch_texts(before, now, Limits(), seed=0)}


def test_features_of_an_encoder_serve_as_well_as_texts() -> None:
    assert set(_severities(_window(0), _window(1)).values()) == {Severity.QUIET}
    moved = _severities(_window(0), _window(1, moved=1.0))
    assert moved[Signal.TEXT_DISTANCE] is Severity.ALERT
    assert moved[Signal.TEXT_AUC] is Severity.ALERT
    assert moved[Signal.NEW_TEXTS] is Severity.ALERT


def test_a_stream_of_few_different_texts_is_not_judged_by_them() -> None:
    texts = [f"form letter {'abcdefgh'[n % 8]}" for n in range(300)]
    repeated = Window(scores=np.full((300, 1), 0.5), texts=texts)
    assert _severities(repeated, repeated) == {}


def test_without_texts_nothing_is_said_of_them() -> None:
    bare = Window(scores=np.full((300, 1), 0.5))
    assert _severities(bare, bare) == {}
