"""A real worker that meets its end on cue: `python -m tests.faults.worker`.

`--failpoint NAME:N` kills the process with SIGKILL at the N-th time that it reaches a named point:
`after_claim`, `in_model`, `mid_outbox`, `before_commit`, `after_commit`. `--poison` gives the model
texts that it cannot survive: POISON-RAISE raises, POISON-ABORT ends the process, POISON-HANG never
returns, POISON-EAT takes all memory there is. `--slow-s` makes each chunk take so long, `--most` a
device whose memory holds so many tickets, `--conflicts` that share of transactions fail. None of it
is in the product: the hooks replace its functions from outside, here.

`--isolated FOLDER` is the throwaway process with the same poison. `FAULTS_MUTANT` breaks a promise
(`tests.faults.mutants`).
"""

import argparse
import itertools
import os
import random
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from sqlalchemy import Engine

from classifier.architecture import MultilabelTransformer
from core.errors import Transient
from core.process import die_with_parent, leave, run_process
from store import engine
from store.decided import decisions
from tests.faults.mutants import mutate
from worker import storing
from worker.app import Parts, Worker
from worker.claiming import Claiming
from worker.isolation import serve_artifact
from worker.scorers import NetworkScorer, Prepared

RAISE, ABORT, HANG, EAT = "POISON-RAISE", "POISON-ABORT", "POISON-HANG", "POISON-EAT"
_MEMORY_BYTES = 12 * 2**30  # of address space: torch alone reserves several


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    mutate()
    if options.slow_s:
        _slow(options.slow_s)
    if options.most:
        _small(options.most)
    if options.conflicts:
        _conflict(options.conflicts)
    if options.poison:
        _poison()
    if options.isolated:
        die_with_parent()
        serve_artifact(options.isolated)
        return 0
    if options.failpoint:
        _arm(*options.failpoint.split(":"))
    here = (sys.executable, "-m", "tests.faults.worker", "--poison", "--isolated")
    command = Parts(isolation_command=here) if options.poison else Parts()
    return run_process("worker", lambda s: Worker(s, command).run())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--failpoint", default="")
    parser.add_argument("--poison", action="store_true")
    parser.add_argument("--isolated", type=Path)
    parser.add_argument("--slow-s", type=float, default=0.0)
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--conflicts", type=float, default=0.0)
    return parser


def _arm(name: str, nth: str) -> None:
    """Wraps the function at a named point so that its N-th pass is its last."""
    if name == "after_claim":
        _wrap(Claiming, "claim", int(nth), before=False, counts=bool)
    elif name == "in_model":
        _wrap(NetworkScorer, "score", int(nth), before=True)
    elif name == "mid_outbox":  # decisions are copied first, their events second
        _wrap(decisions, "copy_rows", 2 * int(nth), before=False)
    elif name == "before_commit":
        _wrap(storing, "finish", int(nth), before=False)
    elif name == "after_commit":
        _wrap(storing.Storing, "note_stored", int(nth), before=True)
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


def _slow(seconds: float) -> None:
    score = NetworkScorer.score

    def dawdling(self: NetworkScorer, items: Sequence[Any]) -> Any:
        select.select([], [], [], seconds)  # libfaketime breaks time.sleep
        return score(self, items)

    NetworkScorer.score = dawdling  # type: ignore[method-assign]


def _small(most: int) -> None:
    """A device whose memory ends at so many tickets."""
    network: Any = MultilabelTransformer
    forward = network.forward

    def choosy(self: MultilabelTransformer, ids: Any, *rest: Any) -> Any:
        if len(ids) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, ids, *rest)

    network.forward = choosy


def _conflict(share: float) -> None:
    """Serialization failures and deadlocks, for a share of all transactions, after their work."""
    module: Any = engine
    once, chance = module._once, random.Random(1)

    def unlucky(made: Engine, work: Callable[[Any], Any]) -> Any:
        def doomed(connection: Any) -> Any:
            result = work(connection)
            if chance.random() < share:
                raise Transient(f"PostgreSQL: {chance.choice(('40001', '40P01'))}")
            return result

        return once(made, doomed)

    module._once = unlucky


def _poison() -> None:
    """Makes the network choke on the magic words; `prepare` keeps the text beside the tokens."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
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
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.abort()
    if HANG in text:
        time.sleep(3600)
    if EAT in text:
        bytearray(2 * _MEMORY_BYTES)


if __name__ == "__main__":
    leave(main())
