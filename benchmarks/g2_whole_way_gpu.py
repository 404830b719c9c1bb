"""G2: Redis to committed decision with MiniLM on one GPU, short tickets, several workers on it.

A process of ours decides some thousands of tickets a second at most (P4), so several share the
GPU where texts are short: `BENCH_WORKERS`, half the processors unless it says otherwise. The peer
is one of them. Weights are the bundled encoder's, the head is random. Not run yet: no GPU could be
had.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import p1_predict
from benchmarks.bed import (
    REAL,
    Bed,
    add_rules,
    bed,
    decided_per_s,
    parcels,
    process,
    serve,
    store,
    tell,
    wait_for_workers,
    wait_until_decided,
)
from benchmarks.size import scaled
from classifier.architecture import MultilabelTransformer
from classifier.encoders import BUNDLED, resolve_encoder

TARGET_PER_S = 20_000
LABELS = tuple(f"label-{n}" for n in range(30))


def run() -> dict[str, Any]:
    """Measures on `BENCH_DEVICE`, the first GPU unless it says otherwise."""
    return measured(
        device=os.environ.get("BENCH_DEVICE", "cuda:0"),
        workers=int(os.environ.get("BENCH_WORKERS", max(2, (os.cpu_count() or 2) // 2))),
        tickets=scaled(400_000, 2_000),
    )


def measured(*, device: str, workers: int, tickets: int) -> dict[str, Any]:
    """One worker, then all, each over a queue that is full."""
    model = MultilabelTransformer.from_encoder(resolve_encoder(BUNDLED), LABELS).eval()
    with tempfile.TemporaryDirectory() as place, bed() as on:
        Path(place).chmod(0o755)
        add_rules(on.engine)
        serve(on.engine, p1_predict.artifact(model, Path(place)))
        one = _rate(on, "one", device=device, workers=1, tickets=max(1, tickets // workers))
        every = _rate(on, "all", device=device, workers=workers, tickets=tickets)
    return {
        "id": "G2",
        "value": round(every),
        "unit": "tickets/s",
        "peer": "one worker on the same device",
        "peer_value": round(one),
        "ratio": round(every / one, 2),
        "target": f"≥ {TARGET_PER_S:,} tickets/s",
        "met": every >= TARGET_PER_S,
        "detail": {"device": device, "workers": workers, "tickets": tickets},
    }


def _rate(on: Bed, source: str, *, device: str, workers: int, tickets: int) -> float:
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(process(REAL, on, POINTSMAN_DEVICE=device))
        wait_for_workers(on.engine, workers)
        ids = list(store(on.engine, parcels(tickets), source=source))
        tell(on.redis_url, ids, per_message=200)
        wait_until_decided(on.engine, source, tickets)
    return decided_per_s(on.engine, source)
