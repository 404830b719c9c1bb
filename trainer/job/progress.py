"""How a training tells where it is. What is shown of that, and how, is the caller's matter."""

import time
from typing import Protocol


class Progress(Protocol):
    """Receives stages and fractions; called from the training's own thread, often."""

    def stage(self, name: str) -> None:
        """A new stage begins: a short name for people, such as `embedding`."""

    def advance(self, fraction: float, eta_s: float | None) -> None:
        """How much of the stage is done, in [0, 1], and the seconds left; None when unknown."""

    def note(self, message: str) -> None:
        """One line worth keeping: a decision taken, a label left out. Never ticket text."""


class Silent:
    """A `Progress` that shows nothing."""

    def stage(self, name: str) -> None:
        """Ignored."""

    def advance(self, fraction: float, eta_s: float | None) -> None:
        """Ignored."""

    def note(self, message: str) -> None:
        """Ignored."""


class Pace:
    """Turns steps done into fraction and time left, by the mean speed since it was made.

    Args:
        progress: is told at each step.
        total: steps in all, in any unit.
        done: steps that were there already and took no time.
    """

    def __init__(self, progress: Progress, total: int, done: int = 0) -> None:
        self._progress = progress
        self._total = max(total, 1)
        self._first = self._done = done
        self._start = time.monotonic()

    def step(self, steps: int = 1) -> None:
        """Counts steps that were just done."""
        self._done += steps
        elapsed_s = time.monotonic() - self._start
        left = self._total - self._done
        self._progress.advance(
            self._done / self._total, elapsed_s * left / max(self._done - self._first, 1)
        )
