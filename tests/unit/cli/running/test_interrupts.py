import signal
from collections.abc import Iterator

import pytest

from cli.running.interrupts import forget_wishes, stop_like_ctrl_c, uninterrupted, was_wished


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_every_wish_to_stop_is_like_ctrl_c(number: signal.Signals) -> None:
    stop_like_ctrl_c()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


def test_a_wish_to_stop_waits_for_the_end_of_what_must_not_be_cut() -> None:
    stop_like_ctrl_c()
    steps = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        steps.append("begun")
        signal.raise_signal(signal.SIGTERM)
        steps.append("finished")
    assert steps == ["begun", "finished"]


def test_without_a_wish_nothing_happens() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with uninterrupted():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_wish_of_an_earlier_command_counts_no_more() -> None:
    stop_like_ctrl_c()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert was_wished()
    forget_wishes()
    assert not was_wished()
