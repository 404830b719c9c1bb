"""A real worker that meets its end on cue: `python -m tests.faults.worker`.

`--failpoint NAME:N` kills the process with SIGKILL at the N-th time that it reaches a named point:
`after_claim`, `in_model`, `before_commit`, `after_commit`. `--poison` gives the model texts that it
cannot survive: POISON-RAISE raises, POISON-ABORT ends the process, POISON-HANG never returns.
`--isolated FOLDER` is the throwaway process with the same poison.
"""

import argparse
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.process import die_with_parent, leave, run_process
from worker import pipeline
from worker.app import Parts, Worker
from worker.isolation import serve_artifact
from worker.scorers import NetworkScorer, Prepared

RAISE, ABORT, HANG = "POISON-RAISE", "POISON-ABORT", "POISON-HANG"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--failpoint", default="")
    parser.add_argument("--poison", action="store_true")
    parser.add_argument("--isolated", type=Path)
    options = parser.parse_args()
    if options.poison:
        _poison()
    if options.isolated:
        die_with_parent()
        serve_artifact(options.isolated)
        return 0
    if options.failpoint:
        _arm(*options.failpoint.split(":"))
    here = (sys.executable, "-m", "tests.faults.worker", "--poison", "--isolated")
    return run_process("worker", lambda s: Worker(s, Parts(isolation_command=here)).run())


def _arm(name: str, nth: str) -> None:
    """Wraps the function at a named point so that its N-th pass is its last."""
    if name == "after_claim":
        _wrap(pipeline.Pipeline, "_claim", int(nth), before=False, counts=bool)
    elif name == "in_model":
        _wrap(NetworkScorer, "score", int(nth), before=True)
    elif name == "before_commit":
        _wrap(pipeline, "finish", int(nth), before=False)
    elif name == "after_commit":
        _wrap(pipeline.Pipeline, "_note_stored", int(nth), before=True)
    else:
        raise SystemExit(f"no failpoint {name}")


def _wrap(
    owner: Any,
    name: str,
    nth: int,
    *,
    before: bool,
    counts: Callable[[Any], bool] = lambda _result: True,
) -> None:
    inner, passes = getattr(owner, name), itertools.count(1)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before and next(passes) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        result = inner(*args, **kwargs)
        if not before and counts(result) and next(passes) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, wrapped)


def _poison() -> None:
    """Makes the network choke on the magic words; `prepare` keeps the text beside the tokens."""
    prepare, score = NetworkScorer.prepare, NetworkScorer.score

    def keeping(self: NetworkScorer, texts: Sequence[str]) -> Prepared:
        made = prepare(self, texts)
        items = list(zip(made.items, texts, strict=True))
        return Prepared(items=items, tokens=made.tokens, truncated=made.truncated)

    def choking(self: NetworkScorer, items: Sequence[Any]) -> Any:
        for _, text in items:
            _choke(text)
        return score(self, [item for item, _ in items])

    NetworkScorer.prepare = keeping  # type: ignore[method-assign]
    NetworkScorer.score = choking  # type: ignore[method-assign]


def _choke(text: str) -> None:
    if RAISE in text:
        raise ValueError("poison")
    if ABORT in text:
        os.abort()
    if HANG in text:
        time.sleep(3600)


if __name__ == "__main__":
    leave(main())
