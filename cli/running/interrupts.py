"""Ctrl-C and SIGTERM: one way to stop, put off while something must not be cut in two."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_WISH = threading.Event()
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_AFTER_S = 0.02


def stop_like_ctrl_c() -> None:
    """Makes SIGTERM and a closed terminal raise KeyboardInterrupt, as Ctrl-C does.

    One that met a callback which cannot raise, as those of weak references, comes again. A
    terminal may close where `nohup` said so; Ctrl-C counts also for a shell's background job.
    """
    for number in _STOPPING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    sys.unraisablehook = _interrupt_again


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Puts a wish to stop off until the context ends.

    For starting servers, which would be left behind half started, and for stopping them. Only
    the main thread may enter. What fails after the wish counts as stopped by it.
    """
    wished: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _frame: wished.append(got))
        for number in _STOPPING
    }
    try:
        yield
    except Exception as error:
        if not wished:
            raise
        raise KeyboardInterrupt from error  # Ctrl-C reached a child that we were waiting for
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if wished:
        signal.raise_signal(wished[0])


def forget_wishes() -> None:
    """Begins anew: what was asked of an earlier command of this process counts no more."""
    _WISH.clear()


def was_wished() -> bool:
    """Whether somebody asked this command to stop; libraries may make another error of that."""
    return _WISH.is_set()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _WISH.set()
    raise KeyboardInterrupt


def _interrupt_again(lost: "UnraisableHookArgs") -> None:
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(_AGAIN_AFTER_S, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()
