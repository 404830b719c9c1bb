"""What to do with a ticket whose earlier claims ended with the worker: pure policy.

The device may have died of one ticket of a batch, and nobody knows of which. Twice the batch is
simply tried again, since most deaths are not a ticket's fault; then each suspect goes alone, then
alone in a throwaway process, whose death convicts exactly one. While workers die one after the
other, no ticket goes with others at all: then each death costs one ticket's work, and what kills
them is found after three deaths rather than three a batch.
"""

from enum import StrEnum

TOGETHER_UNTIL = 2
ALONE_UNTIL = 3
ISOLATED_UNTIL = 6

CRASH_WINDOW_S = 60.0
MOST_CRASHES = 5
"""More deaths than this within the window are a crash loop."""


class Treatment(StrEnum):
    """How a claimed ticket is worked on."""

    TOGETHER = "together"
    ALONE = "alone"
    ISOLATED = "isolated"
    QUARANTINE = "quarantine"


def is_crash_loop(deaths: int) -> bool:
    """Whether so many workers that died with tickets in hand in `CRASH_WINDOW_S` are too many."""
    return deaths > MOST_CRASHES


def treatment(attempts: int, *, crash_loop: bool = False) -> Treatment:
    """How to work on a ticket that is claimed for the `attempts`-th time since it was accepted."""
    if attempts <= TOGETHER_UNTIL and not crash_loop:
        return Treatment.TOGETHER
    if attempts <= ALONE_UNTIL:
        return Treatment.ALONE
    if attempts <= ISOLATED_UNTIL:
        return Treatment.ISOLATED
    return Treatment.QUARANTINE
