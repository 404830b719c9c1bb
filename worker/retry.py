"""What to do with a ticket whose earlier claims ended with the worker: pure policy.

The device may have died of one ticket of a batch, and nobody knows of which. Twice the batch is
simply tried again, since most deaths are not a ticket's fault; then each suspect goes alone, then
alone in a throwaway process, whose death convicts exactly one.
"""

from enum import StrEnum

TOGETHER_UNTIL = 2
ALONE_UNTIL = 3
ISOLATED_UNTIL = 6


class Treatment(StrEnum):
    """How a claimed ticket is worked on."""

    TOGETHER = "together"
    ALONE = "alone"
    ISOLATED = "isolated"
    QUARANTINE = "quarantine"


def treatment(attempts: int) -> Treatment:
    """How to work on a ticket that is claimed for the `attempts`-th time since it was accepted."""
    if attempts <= TOGETHER_UNTIL:
        return Treatment.TOGETHER
    if attempts <= ALONE_UNTIL:
        return Treatment.ALONE
    if attempts <= ISOLATED_UNTIL:
        return Treatment.ISOLATED
    return Treatment.QUARANTINE
