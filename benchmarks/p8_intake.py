"""P8: tickets a second over HTTP in bulk, durable, against posts of one ticket each.

One web process on embedded PostgreSQL (with fsync) and Redis, no worker. Clients and server share
the machine. Bodies are made before the clock starts, each ticket with an id of its own and the
text of a sample. The latency of single posts is taken at a fixed rate of arrivals, from the
moment when each was due, so that a stall counts for all whom it kept waiting.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import SAMPLES
from broker.embedded import embedded_redis
from core.types import Role
from migrations.upgrade import upgrade
from store.access.api_tokens import Wanted, create
from store.embedded import embedded_postgres
from store.engine import make_engine, transaction

PER_POST, POSTS, CLIENTS = 1_000, 40, 2
SINGLES, SINGLE_CLIENTS = 2_000, 4
ARRIVALS, ARRIVALS_PER_S = 600, 20
_START_S = 30


def run() -> dict[str, Any]:
    """Bulk, then singles as fast as they go, then singles at a fixed rate."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # an embedded PostgreSQL started by root runs as another user
        with (
            embedded_postgres(folder / "postgres") as database_url,
            embedded_redis(folder / "redis") as redis_url,
            _web(database_url, redis_url) as (port, token),
        ):
            _rate(port, token, _bulk(4, "warm"), CLIENTS)
            bulk = _rate(port, token, _bulk(POSTS, "bulk"), CLIENTS) * PER_POST
            singles = _rate(port, token, _single(SINGLES, "single"), SINGLE_CLIENTS)
            waits = _waits_ms(port, token, _single(ARRIVALS, "arrival"))
    p50, p99 = (float(np.percentile(waits, share)) for share in (50, 99))
    return {
        "id": "P8",
        "value": round(bulk),
        "unit": "tickets/s",
        "peer": "posts of one ticket each",
        "peer_value": round(singles),
        "ratio": round(bulk / singles, 2),
        "target": ">= 5,000 tickets/s; single post p99 <= 50 ms",
        "met": bulk >= 5_000 and p99 <= 50,
        "detail": {
            "per_post": PER_POST,
            "posts": POSTS,
            "clients": CLIENTS,
            "single_p50_ms": round(p50, 1),
            "single_p99_ms": round(p99, 1),
            "single_arrivals_per_s": ARRIVALS_PER_S,
        },
    }


@contextmanager
def _web(database_url: str, redis_url: str) -> Iterator[tuple[int, str]]:
    engine = make_engine(database_url, pool_size=2, statement_timeout_s=60)
    upgrade(engine, months_ahead=1)
    made = transaction(
        engine,
        lambda c: create(c, Wanted(name="benchmark", role=Role.HELPDESK), actor="benchmark"),
    )
    engine.dispose()
    port = _free_port()
    environment = os.environ | {
        "POINTSMAN_DATABASE_URL": database_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_HTTP_PORT": str(port),
        "POINTSMAN_LOG_LEVEL": "WARNING",
    }
    web = subprocess.Popen([sys.executable, "-m", "web"], env=environment)
    try:
        _await_web(port)
        yield port, made.secret
    finally:
        web.terminate()
        web.wait(10)


def _await_web(port: int) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the web process did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _tickets(count: int, prefix: str) -> Iterator[dict[str, Any]]:
    lines = SAMPLES.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(islice(cycle(lines), count)):
        yield {**json.loads(line), "id": f"{prefix}-{number}", "labels": None}


def _bulk(posts: int, prefix: str) -> list[bytes]:
    tickets = list(_tickets(posts * PER_POST, prefix))
    starts = range(0, len(tickets), PER_POST)
    return [json.dumps({"tickets": tickets[start:][:PER_POST]}).encode() for start in starts]


def _single(count: int, prefix: str) -> list[bytes]:
    return [json.dumps(ticket).encode() for ticket in _tickets(count, prefix)]


def _rate(port: int, token: str, bodies: Sequence[bytes], clients: int) -> float:
    """Answered posts a second."""
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(_poster(port, token), bodies))
    return len(bodies) / (time.perf_counter() - began)


def _waits_ms(port: int, token: str, bodies: Sequence[bytes]) -> list[float]:
    post, began = _poster(port, token), time.perf_counter() + 0.1

    def arrive(at: tuple[int, bytes]) -> float:
        due = began + at[0] / ARRIVALS_PER_S
        time.sleep(max(0.0, due - time.perf_counter()))
        post(at[1])
        return (time.perf_counter() - due) * 1000

    with ThreadPoolExecutor(SINGLE_CLIENTS) as pool:
        return list(pool.map(arrive, enumerate(bodies)))


def _poster(port: int, token: str) -> Callable[[bytes], None]:
    """Sends a body on the calling thread's own kept connection."""
    kept = threading.local()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def post(body: bytes) -> None:
        if not hasattr(kept, "connection"):
            kept.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        kept.connection.request("POST", "/v1/tickets", body, headers)
        answer = kept.connection.getresponse()
        said = answer.read()
        if answer.status != 202:
            raise RuntimeError(f"{answer.status}: {said[:500]!r}")

    return post
