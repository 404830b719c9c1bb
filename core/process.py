"""What every process of ours does about its parent."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(*, send: signal.Signals = signal.SIGTERM) -> None:
    """Asks Linux to signal this process when its parent dies, so that none is left behind.

    Elsewhere, nothing happens. Exits at once if the parent is gone already.

    Args:
        send: the signal to get.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, send)
    if os.getppid() != parent:
        sys.exit(1)
