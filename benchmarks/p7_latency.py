"""P7: from a ticket's acceptance to its decision, at half of what the worker can do and at little.

One worker with the real model on the CPU. First it works off a queue, which tells its rate and the
time of one full chunk; then tickets arrive one by one at fixed rates, each stored and named on
Redis at the moment that chance (Poisson) set before, whether or not earlier ones are decided.
Times are the database's: from `received_at` to `decided_at`. What the arrivals themselves cost is
on the same machine.
"""

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sqlalchemy import Engine, text

from benchmarks import p1_predict
from benchmarks.bed import (
    REAL,
    Bed,
    bed,
    counters,
    decided_per_s,
    process,
    serve,
    store,
    tell,
    wait_until_decided,
)
from benchmarks.p1_predict import THREADS
from benchmarks.size import scaled
from broker.app import make_producer_app
from broker.client import announce
from classifier.labels import LabelSet
from core.types import Ticket

HALF_S, LIGHT_S = scaled(90, 10), scaled(60, 10)
LIGHT_SHARE = 0.05
"""Of what the worker can do."""
_REPORTED_S = 2.5  # a worker reports once a second
_TOOK = text(
    "SELECT extract(epoch FROM decided_at - received_at) * 1000 FROM tickets "
    "WHERE source = :source AND state IN ('decided', 'review')"
)


def run() -> dict[str, Any]:
    """Saturated, half and light load; takes four to six minutes."""
    torch.set_num_threads(THREADS)
    name, fit, test = p1_predict.tickets()
    model = p1_predict.fitted_model(LabelSet.of_rows(fit.labels), fit)
    with tempfile.TemporaryDirectory() as place, bed() as on:
        Path(place).chmod(0o755)
        serve(on.engine, p1_predict.artifact(model, Path(place)))
        settings = {"POINTSMAN_DEVICE": "cpu", "POINTSMAN_DEVICE_THREADS": str(THREADS)}
        tell(on.redis_url, list(_stored(on.engine, test.texts, "full")), per_message=200)
        with process(REAL, on, **settings):
            wait_until_decided(on.engine, "full", len(test.texts))
            rate, chunk_ms = decided_per_s(on.engine, "full"), _chunk_ms(on.engine, {})
            half = _arrivals(on, test.texts, "half", rate / 2, HALF_S)
            before = _settled(on.engine)
            light = _arrivals(on, test.texts, "light", rate * LIGHT_SHARE, LIGHT_S)
            model_ms = _chunk_ms(on.engine, before)
    p50, p95, p99 = np.percentile(half, [50, 95, 99])
    light_p50, light_p99 = np.percentile(light, [50, 99])
    return {
        "id": "P7",
        "value": round(p99),
        "unit": "ms, p99 at half load",
        "peer": "one full chunk",
        "peer_value": round(chunk_ms),
        "ratio": round(p99 / chunk_ms, 2),
        "target": "p99 ≤ 3 chunk times; at light load ≤ 100 ms and the model's time",
        "met": bool(p99 <= 3 * chunk_ms and light_p99 <= 100 + model_ms),
        "data": name,
        "detail": {
            "saturated_tickets_per_s": round(rate, 1),
            "threads": THREADS,
            "half": {"tickets": len(half), "p50_ms": round(p50), "p95_ms": round(p95)},
            "light": {
                "tickets": len(light),
                "p50_ms": round(light_p50),
                "p99_ms": round(light_p99),
                "model_ms": round(model_ms),
            },
        },
    }


def _arrivals(
    on: Bed, texts: Sequence[str], source: str, per_s: float, seconds: float
) -> list[float]:
    """Milliseconds from acceptance to decision of tickets that arrive for some seconds."""
    chance, count = random.Random(7), max(20, round(per_s * seconds))
    tickets = _tickets(islice(cycle(texts), count), source)
    app = make_producer_app(on.redis_url, publish_timeout_s=1)
    due = time.monotonic()
    for ticket in tickets:
        due += chance.expovariate(per_s)
        time.sleep(max(0.0, due - time.monotonic()))
        announce(app, list(store(on.engine, [ticket], source=source)), per_message=1)
    app.close()
    wait_until_decided(on.engine, source, count)
    with on.engine.connect() as connection:
        return [float(ms) for ms in connection.execute(_TOOK, {"source": source}).scalars()]


def _stored(engine: Engine, texts: Sequence[str], source: str) -> Iterator[Any]:
    return store(engine, _tickets(iter(texts), source), source=source)


def _tickets(texts: Iterator[str], source: str) -> Iterator[Ticket]:
    """All different, so that no remembered result helps."""
    for n, words in enumerate(texts):
        yield Ticket(id=str(n), subject=f"{source} {n}", body=words)


def _settled(engine: Engine) -> dict[str, float]:
    time.sleep(_REPORTED_S)
    return counters(engine)


def _chunk_ms(engine: Engine, before: dict[str, float]) -> float:
    """Mean time of a chunk on the device since an earlier count."""
    now = _settled(engine)
    chunks, seconds = (now[key] - before.get(key, 0.0) for key in ("chunks", "device_seconds"))
    return 1000 * seconds / chunks
