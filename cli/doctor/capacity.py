"""How much hardware a load needs: pure arithmetic over what a ticket was measured to cost.

The costs are those of `benchmarks/scale.py`, which also checks what is foretold here against its
runs; `docs/capacity.md` tells what they leave out. Nothing here is a guess of ours but for the
share of its time that a part may be busy, which the caller gives.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter

COSTS = "costs.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What one ticket costs, and one message that names tickets; measured.

    Attributes:
        worker_s: seconds of a core in a worker, without the model.
        postgres_s: seconds of a core in PostgreSQL, from intake to decision.
        redis_s: seconds of Redis' one core.
        message_worker_s: seconds of a core in a worker, for each message.
        message_postgres_s: seconds of a core in PostgreSQL, for each message: what is named apart
            is often claimed and committed apart.
        message_redis_s: seconds of Redis' one core, for each message.
        wal_bytes: written to PostgreSQL's log.
        stored_bytes: that stay, for a ticket of some words; longer texts add theirs.
        worker_tickets_per_s: what one process decided when its model cost nothing.
        machine: where.
        at: when, as ISO 8601.
        commit: of the code.
    """

    worker_s: float
    postgres_s: float
    redis_s: float
    message_worker_s: float
    message_postgres_s: float
    message_redis_s: float
    wal_bytes: float
    stored_bytes: float
    worker_tickets_per_s: float
    machine: str
    at: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is to be carried.

    Attributes:
        tickets_per_s: over 0.
        device_tickets_per_s: of one device with the model that is meant, over 0.
        message_tickets: tickets that a message names; 1 where each is posted by itself.
        cores: of the machine that PostgreSQL would have.
        busy: share of its time that each part may work, in (0, 1].
    """

    tickets_per_s: float
    device_tickets_per_s: float
    message_tickets: float
    cores: int
    busy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a load needs. Whole numbers are rounded up.

    Attributes:
        devices: that compute the model.
        workers: processes; at least one a device.
        worker_cores: of a processor, for the workers beside their devices.
        postgres: primaries of so many cores as the load says.
        postgres_cores: of all of them.
        redis: servers.
        redis_busy: share of its one core that a Redis would work, were there only one.
        wal_mb_per_s: that PostgreSQL's disk takes.
        stored_gb_per_day: by which the database grows before retention.
        postgres_ends_at: tickets a second that one PostgreSQL carries.
        redis_ends_at: tickets a second that one Redis carries.
    """

    devices: int
    workers: int
    worker_cores: float
    postgres: int
    postgres_cores: float
    redis: int
    redis_busy: float
    wal_mb_per_s: float
    stored_gb_per_day: float
    postgres_ends_at: float
    redis_ends_at: float


def plan(load: Load, costs: Costs) -> Plan:
    """How many of each part a load needs."""
    rate, messages = load.tickets_per_s, load.tickets_per_s / load.message_tickets
    worker_s = rate * costs.worker_s + messages * costs.message_worker_s
    redis_s = costs.redis_s + costs.message_redis_s / load.message_tickets
    postgres_s = costs.postgres_s + costs.message_postgres_s / load.message_tickets
    postgres_end = load.busy * load.cores / postgres_s
    redis_end = load.busy / redis_s
    devices = math.ceil(rate / (load.busy * load.device_tickets_per_s))
    by_process = math.ceil(rate / (load.busy * costs.worker_tickets_per_s))
    return Plan(
        devices=devices,
        workers=max(devices, by_process, math.ceil(worker_s / load.busy)),
        worker_cores=worker_s / load.busy,
        postgres=math.ceil(rate / postgres_end),
        postgres_cores=rate * postgres_s / load.busy,
        redis=math.ceil(rate / redis_end),
        redis_busy=rate * redis_s,
        wal_mb_per_s=rate * costs.wal_bytes / 1e6,
        stored_gb_per_day=rate * costs.stored_bytes * 86_400 / 1e9,
        postgres_ends_at=postgres_end,
        redis_ends_at=redis_end,
    )


def reached(
    costs: Costs, *, workers: int, device_tickets_per_s: float, message_tickets: float, cores: float
) -> float:
    """Tickets a second that a system of a given size carries when it is full.

    Args:
        costs: of a ticket.
        workers: processes, each with a device.
        device_tickets_per_s: of each.
        message_tickets: tickets that a message names.
        cores: that workers, PostgreSQL and Redis share.
    """
    ticket_s = costs.worker_s + costs.postgres_s + costs.redis_s
    message_s = costs.message_worker_s + costs.message_postgres_s + costs.message_redis_s
    ticket_s += message_s / message_tickets
    each = min(device_tickets_per_s, costs.worker_tickets_per_s)
    return min(workers * each, cores / ticket_s)


def load_costs() -> Costs:
    """What was measured when the project's own benchmark ran last."""
    return parse_costs(json.loads(files("cli.doctor").joinpath(COSTS).read_text(encoding="utf-8")))


def parse_costs(told: Mapping[str, Any]) -> Costs:
    """The costs that `benchmarks/scale.py` wrote."""
    return TypeAdapter(Costs).validate_python(told)
