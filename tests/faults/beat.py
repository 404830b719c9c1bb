"""A real beat, for `tests.faults.forks`: `python -m tests.faults.beat`."""

from collections.abc import Sequence

from core.process import leave, run_process
from worker.beat import beat


def main(_arguments: Sequence[str] | None = None) -> int:
    return run_process("beat", beat)


if __name__ == "__main__":
    leave(main())
