import signal
import sys
import time
import weakref
from collections.abc import Iterator

import pytest

from cli.running.interrupts import forget_wishes, stop_like_ctrl_c, uninterrupted, was_wished


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    hook = sys.unraisablehook
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    sys.unraisablehook = hook


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


def test_a_wish_that_a_callback_swallowed_comes_again() -> None:
    class Thing:
        pass

    stop_like_ctrl_c()
    thing = Thing()
    watched = weakref.ref(thing, lambda _dead: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        del thing
        time.sleep(5)
    assert watched() is None


def test_a_terminal_may_close_where_nohup_said_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop_like_ctrl_c()
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
