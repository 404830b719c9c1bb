"""P5: as P4, with Redis two milliseconds away, as in another zone of a data centre.

A proxy on the loopback holds each piece back for one millisecond in either direction. What a PING
takes by that way is measured and kept with the result, since a busy machine adds to it.
"""

import time
from typing import Any

import numpy as np
import redis

from benchmarks.bed import NO_OP, add_rules, bed
from benchmarks.p4_pipeline import OURS_TICKETS, PEER, PEER_TICKETS, PER_MESSAGE, rate
from tests.faults.proxy import Proxy, place_of, through

ONE_WAY_S = 0.001
TARGET_PER_S = 2_000
_PINGS = 200


def run() -> dict[str, Any]:
    """Measures both sides through the proxy, one after the other; takes one to three minutes."""
    with bed() as on, Proxy(place_of(on.redis_url)) as proxy:
        add_rules(on.engine)
        proxy.delay_s = ONE_WAY_S
        url = through(proxy, on.redis_url)
        pings = _pings_ms(url)
        peer = rate(on, PEER, PEER_TICKETS, per_message=1, redis_url=url)
        ours = rate(on, NO_OP, OURS_TICKETS, per_message=PER_MESSAGE, redis_url=url)
    return {
        "id": "P5",
        "value": round(ours.per_s),
        "unit": "tickets/s",
        "peer": "Celery, a task a ticket with the same write, the same way to Redis",
        "peer_value": round(peer.per_s),
        "ratio": round(ours.per_s / peer.per_s, 2),
        "target": f">= {TARGET_PER_S:,} tickets/s",
        "met": ours.per_s >= TARGET_PER_S,
        "detail": {
            "tickets": OURS_TICKETS,
            "peer_tickets": PEER_TICKETS,
            "per_message": PER_MESSAGE,
            "ping_ms_p50_p99": np.percentile(pings, [50, 99]).round(2).tolist(),
        },
    }


def _pings_ms(url: str) -> list[float]:
    taken = []
    with redis.Redis.from_url(url) as client:
        client.ping()
        for _ in range(_PINGS):
            began = time.perf_counter()
            client.ping()
            taken.append((time.perf_counter() - began) * 1000)
    return taken
