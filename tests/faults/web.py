"""A real web process that meets its end on cue: `python -m tests.faults.web`.

`--failpoint after_commit:N` kills it between the commit of the N-th request for tickets and its
answer, `before_commit:N` right before the commit.
"""

import argparse
import itertools
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

from core.process import leave, run_process
from tests.faults.mutants import mutate
from web.__main__ import serve
from web.api.tickets import routes


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--failpoint", default="")
    options = parser.parse_args(arguments)
    mutate()
    if options.failpoint:
        _arm(*options.failpoint.split(":"))
    return run_process("web", serve)


def _arm(name: str, nth: str) -> None:
    passes = itertools.count(1)
    owner, function = {
        "before_commit": (routes, "take"),
        "after_commit": (routes, "transaction"),
    }[name]
    inner: Callable[..., Any] = getattr(owner, function)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = inner(*args, **kwargs)
        if next(passes) == int(nth):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, function, wrapped)


if __name__ == "__main__":
    leave(main())
