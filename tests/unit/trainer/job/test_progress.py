import pytest

from trainer.job.progress import Pace, Silent


class _Heard(Silent):
    def __init__(self) -> None:
        self.told: list[tuple[float, float | None]] = []

    def advance(self, fraction: float, eta_s: float | None) -> None:
        self.told.append((fraction, eta_s))


def test_the_time_left_follows_the_mean_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 10.0, 20.0])
    monkeypatch.setattr("trainer.job.progress.time.monotonic", lambda: next(clock))
    heard = _Heard()
    pace = Pace(heard, total=4)
    pace.step()
    pace.step(3)
    assert heard.told == [(0.25, 30.0), (1.0, 0.0)]


def test_steps_that_were_there_already_do_not_count_as_speed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([0.0, 10.0])
    monkeypatch.setattr("trainer.job.progress.time.monotonic", lambda: next(clock))
    heard = _Heard()
    Pace(heard, total=10, done=8).step()
    assert heard.told == [(0.9, 10.0)]
