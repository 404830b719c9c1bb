"""A real trainer that meets its end on cue: `python -m tests.faults.trainer`.

`--failpoint NAME` kills it once, at `in_gate`, `after_artifact` (the folder is published, nobody
knows of it) or `before_promotion` (inside the transaction that registers and promotes).
"""

import argparse
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

from core.process import leave, run_process
from trainer.app import Trainer
from trainer.loop import runs


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--failpoint", default="")
    options = parser.parse_args(arguments)
    if options.failpoint:
        _arm(options.failpoint)
    return run_process("trainer", lambda settings: Trainer(settings).run())


def _arm(name: str) -> None:
    function, before = {
        "after_artifact": ("train", False),
        "in_gate": ("try_candidate", True),
        "before_promotion": ("_end", False),
    }[name]
    inner: Callable[..., Any] = getattr(runs, function)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not before:
            inner(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(runs, function, wrapped)


if __name__ == "__main__":
    leave(main())
