"""P13: 1, 2 and 4 workers, 10,000 to 1,000,000 stored tickets: what grows, and what a ticket costs.

At each size tickets are taken in without workers, and one worker whose model costs nothing works
them off. At the largest, 1, 2 and 4 workers take and decide more, each with a simulated device: it
sleeps as long as one of some speed would compute. What each part spent meanwhile, in seconds of a
core, makes the costs that `pointsman doctor --plan` counts with; what that would have foretold for
each run is held against the run.

CPU seconds bear a busy machine better than rates do; the load stands in the result.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import count
from typing import Any

from benchmarks.bed import (
    NO_OP,
    Bed,
    bed,
    carried_per_s,
    decided_per_s,
    parcels,
    process,
    store,
    tell,
    wait_for_workers,
    wait_until_decided,
)
from benchmarks.console_fill import fill, prepare
from benchmarks.machine import circumstances
from benchmarks.p4_worker import SPEED
from benchmarks.size import scaled
from benchmarks.spending import each, spent
from cli.doctor.capacity import Costs, reached

SIZES = tuple(scaled(size, 500) for size in (10_000, 100_000, 1_000_000))
WORKERS = (1, 2, 4)
DEVICE_PER_S = 150
"""Tickets a second of one device: MiniLM on a dozen cores, or a small share of a GPU."""
FULL_TICKETS, RUN_S = scaled(6_000, 4_000), scaled(12, 10)
PER_MESSAGE = 200
FLAT, FORETOLD = 0.8, 0.15
"""A rate at the largest size is at least this share of that at the smallest; a run is within
this share of what was foretold."""

Row = dict[str, Any]


def run() -> dict[str, Any]:
    """Fills a database in steps and measures after each; takes five to ten minutes."""
    numbers = count()
    with bed() as on:
        prepare(on.engine)
        rows = []
        for low, high in zip((1, *SIZES), SIZES, strict=False):
            fill(on.engine, low, high)
            rows.append({"stored": high, **_told(_full(on, numbers))})
        rows += [{"stored": SIZES[-1], **_told(row)} for row in _with_devices(on, numbers)]
    costs = _costs(rows)
    return _result(costs, [_foretold(costs, row) for row in rows])


def _with_devices(on: Bed, numbers: Iterator[int]) -> Iterator[Row]:
    """Ever more workers; the first one once more with each ticket in a message of its own."""
    with ExitStack() as stack:
        pids: list[int] = []
        for workers in WORKERS:
            while len(pids) < workers:
                pids.append(stack.enter_context(process(NO_OP, on, **{SPEED: str(DEVICE_PER_S)})))
            wait_for_workers(on.engine, workers)
            yield _taken(on, next(numbers), pids, per_message=PER_MESSAGE)
            if workers == 1:
                yield _taken(on, next(numbers), pids, per_message=1)


def _told(row: Row) -> Row:
    """A row as it is, said on stderr: a run that is stopped has not measured for nothing."""
    sys.stderr.write(f"{json.dumps(row)}\n")
    return row


def _full(on: Bed, numbers: Iterator[int]) -> Row:
    """Intake without workers, then one worker whose device costs nothing."""
    source = f"scale-{next(numbers)}"
    before, began = spent(on, []), time.perf_counter()
    ids = list(store(on.engine, parcels(FULL_TICKETS), source=source))
    took, stored = time.perf_counter() - began, spent(on, [])
    tell(on.redis_url, ids, per_message=PER_MESSAGE)
    with process(NO_OP, on):
        wait_until_decided(on.engine, source, FULL_TICKETS)
    return {
        "workers": 1,
        "device_per_s": None,
        "intake_per_s": round(FULL_TICKETS / took),
        "tickets_per_s": round(decided_per_s(on.engine, source)),
        "intake_postgres_s": each(before, stored, FULL_TICKETS)["postgres_s"],
        "stored_bytes": each(before, spent(on, []), FULL_TICKETS)["stored_bytes"],
    }


def _taken(on: Bed, number: int, pids: list[int], *, per_message: int) -> Row:
    """Tickets for some seconds of all devices, from intake to decision."""
    source, tickets = f"scale-{number}", round(RUN_S * DEVICE_PER_S * len(pids))
    before = spent(on, pids)
    tell(
        on.redis_url,
        list(store(on.engine, parcels(tickets), source=source)),
        per_message=per_message,
    )
    wait_until_decided(on.engine, source, tickets)
    return {
        "workers": len(pids),
        "device_per_s": DEVICE_PER_S,
        "per_message": per_message,
        "tickets": tickets,
        "tickets_per_s": round(carried_per_s(on.engine, source)),
        **each(before, spent(on, pids), tickets),
    }


def _costs(rows: list[Row]) -> Costs:
    """Of a ticket and of a message: the runs with many and with one ticket a message differ in it.

    Full runs give the rate of one process and what stays stored.
    """
    full = [row for row in rows if not row["device_per_s"]]
    (single,) = (row for row in rows if row.get("per_message") == 1)
    runs = [row for row in rows if row.get("per_message") == PER_MESSAGE]
    tickets = sum(row["tickets"] for row in runs)
    mean = {
        key: sum(row[key] * row["tickets"] for row in runs) / tickets
        for key in ("worker_s", "postgres_s", "redis_s", "wal_bytes")
    }
    share = PER_MESSAGE / (PER_MESSAGE - 1)
    message = {
        key: max(0.0, (single[key] - mean[key]) * share)
        for key in ("worker_s", "postgres_s", "redis_s")
    }
    told = circumstances()
    return Costs(
        worker_s=max(0.0, mean["worker_s"] - message["worker_s"] / PER_MESSAGE),
        postgres_s=max(0.0, mean["postgres_s"] - message["postgres_s"] / PER_MESSAGE),
        redis_s=max(0.0, mean["redis_s"] - message["redis_s"] / PER_MESSAGE),
        message_worker_s=message["worker_s"],
        message_postgres_s=message["postgres_s"],
        message_redis_s=message["redis_s"],
        wal_bytes=mean["wal_bytes"],
        stored_bytes=sum(row["stored_bytes"] for row in full) / len(full),
        worker_tickets_per_s=min(row["tickets_per_s"] for row in full),
        machine=told["machine"],
        at=told["at"],
        commit=told["commit"],
    )


def _foretold(costs: Costs, row: Row) -> Row:
    """A row with what the costs say of it, where a device sets the pace."""
    if not row["device_per_s"]:
        return row
    rate = reached(
        costs,
        workers=row["workers"],
        device_tickets_per_s=row["device_per_s"],
        message_tickets=row["per_message"],
        cores=os.cpu_count() or 1,
    )
    return row | {"foretold_per_s": round(rate)}


def _result(costs: Costs, rows: list[Row]) -> dict[str, Any]:
    full = [row for row in rows if not row["device_per_s"]]
    runs = [row for row in rows if row["device_per_s"]]
    few, many = full[0], full[-1]
    flat = min(many[key] / few[key] for key in ("intake_per_s", "tickets_per_s"))
    off = max(abs(row["tickets_per_s"] / row["foretold_per_s"] - 1) for row in runs)
    return {
        "id": "P13",
        "value": many["tickets_per_s"],
        "unit": f"tickets/s at {SIZES[-1]:,} stored",
        "peer": f"the same at {SIZES[0]:,} stored",
        "peer_value": few["tickets_per_s"],
        "ratio": round(many["tickets_per_s"] / few["tickets_per_s"], 2),
        "target": f"intake and decide keep {FLAT:.0%}; runs within {FORETOLD:.0%} of the model",
        "met": flat >= FLAT and off <= FORETOLD,
        "detail": {
            "device_tickets_per_s": DEVICE_PER_S,
            "intake_ratio": round(many["intake_per_s"] / few["intake_per_s"], 2),
            "farthest_from_foretold": round(off, 3),
            "rows": [_rounded(row) for row in rows],
        },
        "costs": {key: _short(value) for key, value in asdict(costs).items()},
    }


def _rounded(row: Row) -> Row:
    return {key: _short(value) for key, value in row.items()}


def _short(value: Any) -> Any:
    """Four digits of a fraction."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
