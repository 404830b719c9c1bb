"""A real relay, for `tests.faults.forks`: `python -m tests.faults.deliver`."""

from collections.abc import Sequence

from core.process import leave, run_process
from deliver.app import Deliverer


def main(_arguments: Sequence[str] | None = None) -> int:
    return run_process("deliver", lambda settings: Deliverer(settings).run())


if __name__ == "__main__":
    leave(main())
