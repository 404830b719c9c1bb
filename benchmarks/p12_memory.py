"""P12: the memory of a worker on the CPU after the first 10,000 tickets and after very many.

The real worker process with the real encoder in float32. Tickets are short, since it is their
number that counts, but every fiftieth is as long as the network reads, so that shapes and sizes of
what is allocated vary; all differ, so that caches fill. They are stored and named as they are
decided, some thousands ahead. `BENCH_SHARE` makes it shorter; the result says how long it was.
"""

import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmarks import p1_predict
from benchmarks.bed import REAL, Bed, bed, decided, process, serve, store, tell
from benchmarks.p1_predict import THREADS
from benchmarks.size import scaled
from classifier.labels import LabelSet
from core.types import Ticket

TICKETS, FIRST = scaled(200_000, 4_000), scaled(10_000, 2_000)
TARGET_MIB, TARGET_GROWTH = 900, 0.02
_AHEAD, _BITE = 5_000, 1_000
_LOOK_S = 0.5
_SAMPLES = 20
_PEAK_FROM = 0.9  # share of the run at whose end memory is looked at
SOURCE = "p12"


def run() -> dict[str, Any]:
    """Watches one worker; takes five to fifteen minutes at full length."""
    torch.set_num_threads(THREADS)
    _, fit, _ = p1_predict.tickets()
    model = p1_predict.fitted_model(LabelSet.of_rows(fit.labels), fit)
    with tempfile.TemporaryDirectory() as place, bed() as on:
        Path(place).chmod(0o755)
        serve(on.engine, p1_predict.artifact(model, Path(place)))
        settings = {"POINTSMAN_DEVICE": "cpu", "POINTSMAN_DEVICE_THREADS": str(THREADS)}
        began = time.monotonic()
        with process(REAL, on, **settings) as pid:
            seen = list(_watched(on, psutil.Process(pid)))
        took = time.monotonic() - began
    early = max(mib for count, mib in seen if count <= FIRST * 1.1)
    late = max(mib for count, mib in seen if count >= TICKETS * _PEAK_FROM)
    growth = late / early - 1
    return {
        "id": "P12",
        "value": round(late),
        "unit": "MiB",
        "peer": f"the same worker in its first {FIRST:,} tickets",
        "peer_value": round(early),
        "ratio": round(late / early, 3),
        "target": f"≤ {TARGET_MIB} MB, growth ≤ {TARGET_GROWTH:.0%} over 200,000 tickets",
        "met": late <= TARGET_MIB and growth <= TARGET_GROWTH and TICKETS >= 200_000,
        "detail": {
            "tickets": TICKETS,
            "tickets_per_s": round(TICKETS / took, 1),
            "mib_by_tickets": seen[:: max(1, len(seen) // _SAMPLES)],
        },
    }


def _watched(on: Bed, worker: psutil.Process) -> Iterator[tuple[int, int]]:
    """Tickets decided and MiB held, looked at twice a second until all are decided."""
    left, given, done = _tickets(), 0, 0
    while done < TICKETS:
        while given < min(TICKETS, done + _AHEAD):
            bite = list(islice(left, _BITE))
            tell(on.redis_url, list(store(on.engine, bite, source=SOURCE)), per_message=200)
            given += len(bite)
        time.sleep(_LOOK_S)
        done = decided(on.engine, SOURCE)
        if done:
            yield done, round(worker.memory_info().rss / 1024**2)


def _tickets() -> Iterator[Ticket]:
    long = "and it still does not work although everything was tried twice " * 40
    for n in range(TICKETS):
        more = long if n % 50 == 0 else ""
        yield Ticket(id=str(n), subject=f"fault {n}", body=f"it fails {more}")
