"""What to do with a ticket whose earlier claims ended with the worker: pure policy.

The device may have died of one ticket of a batch, and nobody knows of which. Twice the batch is
simply tried again, since most deaths are not a ticket's fault. From then on a death is to be blamed
on one ticket, so it has to have one ticket in hand: a suspect is claimed by a worker that holds
nothing else, and a worker that holds one claims nothing more until it is decided. Whoever dies over
it takes nobody along. What ended that worker too goes to a throwaway process, whose death convicts
it; such a ticket is held beside others, and the worker's own death counts against it only while the
throwaway process is at it.

While workers die one after the other every ticket is a suspect: then each death costs one ticket's
work, and what kills them is found after three deaths rather than three a batch.
"""

from enum import StrEnum

from store.queue.claims import ALONE_UNTIL, TOGETHER_UNTIL

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


def is_beside(attempts: int) -> bool:
    """Whether such a ticket is none for this process, and so may be in hand with any other."""
    return attempts > ALONE_UNTIL
