"""P4: Redis to committed decision with a model that costs nothing, against a task a ticket.

Both sides decide by the demo's rules and write the same rows; both are one process. The tickets
are stored and named on Redis before the clock starts. The rate is taken from the database's own
times: decisions after the first moment up to the last, by the seconds between them.
"""

from dataclasses import dataclass
from typing import Any

import redis

from benchmarks.bed import (
    NO_OP,
    Bed,
    add_rules,
    bed,
    decided_per_s,
    parcels,
    process,
    store,
    tell,
    wait_until_decided,
)
from benchmarks.size import scaled

OURS_TICKETS, PEER_TICKETS = scaled(30_000, 1_000), scaled(3_000, 200)
PER_MESSAGE = 200
PEER = "benchmarks.p4_peer"


def run() -> dict[str, Any]:
    """Measures both sides on the same embedded services, one after the other."""
    with bed() as on:
        add_rules(on.engine)
        peer = rate(on, PEER, PEER_TICKETS, per_message=1)
        ours = rate(on, NO_OP, OURS_TICKETS, per_message=PER_MESSAGE)
    return {
        "id": "P4",
        "value": round(ours.per_s),
        "unit": "tickets/s",
        "peer": "Celery, a task a ticket with the same write",
        "peer_value": round(peer.per_s),
        "ratio": round(ours.per_s / peer.per_s, 2),
        "target": ">= 5x and >= 3,000 tickets/s",
        "met": ours.per_s >= max(3000, 5 * peer.per_s),
        "detail": {
            "tickets": OURS_TICKETS,
            "peer_tickets": PEER_TICKETS,
            "per_message": PER_MESSAGE,
            "redis_commands_per_ticket": round(ours.commands, 3),
            "peer_redis_commands_per_ticket": round(peer.commands, 3),
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one process did: decisions a second, and commands that Redis got for each ticket.

    A command is at most one round trip; those that a client sends together are fewer.
    """

    per_s: float
    commands: float


def rate(
    on: Bed, module: str, count: int, *, per_message: int, redis_url: str | None = None
) -> Rate:
    """One process running `module` over a queue that is full.

    `redis_url` is the process' way to Redis, if that is another one than ours.
    """
    with redis.Redis.from_url(on.redis_url) as client:
        client.flushall()
        ids = list(store(on.engine, parcels(count), source=module))
        tell(on.redis_url, ids, per_message=per_message)
        before = client.info("stats")["total_commands_processed"]
        with process(module, on, redis_url=redis_url):
            wait_until_decided(on.engine, module, count)
        after = client.info("stats")["total_commands_processed"]
    return Rate(per_s=decided_per_s(on.engine, module), commands=(after - before) / count)
