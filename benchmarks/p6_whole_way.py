"""P6: Redis to committed decision with the real model, against the same predictor alone.

Both have the same backend, threads and tickets, all different, so that no remembered result helps.
The predictor is timed before and after the worker and the better of both counts, since a busy
machine could only slow it. Of the worker the time between its first and last decision counts; what
was decided at the first moment is left out.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sqlalchemy import Connection, Engine, text

from benchmarks import p1_predict
from benchmarks.p1_predict import CHUNK_TOKENS, THREADS, TURN_TICKETS
from benchmarks.p4_pipeline import deciding_s, process, wait_until_decided
from broker.app import make_producer_app
from broker.client import announce
from broker.embedded import embedded_redis
from classifier.artifacts import Artifact
from classifier.labels import LabelSet
from classifier.transformer import Network, load_network
from core.types import Ticket
from migrations.upgrade import upgrade
from store import model_versions
from store.embedded import embedded_postgres
from store.engine import make_engine, transaction
from store.tickets import accept

TARGET_SHARE = 0.9
SOURCE = "p6"


def run() -> dict[str, Any]:
    """Measures both; takes two to four minutes."""
    torch.set_num_threads(THREADS)
    name, fit, test = p1_predict.tickets()
    model = p1_predict.fitted_model(LabelSet.of_rows(fit.labels), fit)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)  # an embedded PostgreSQL started by root runs as another user
        artifact = p1_predict.artifact(model, folder)
        network = load_network(artifact, device="cpu", threads=THREADS)
        texts = [f"{n} {words}" for n, words in enumerate(test.texts)]
        before = _alone(network, texts)
        value = _worker(artifact, texts, folder)
        peer = max(before, _alone(network, texts))
    return {
        "id": "P6",
        "value": round(value, 1),
        "unit": "tickets/s",
        "peer": "the predictor alone",
        "peer_value": round(peer, 1),
        "ratio": round(value / peer, 2),
        "target": f"≥ {TARGET_SHARE:g}",
        "met": value / peer >= TARGET_SHARE,
        "data": name,
        "detail": {"tickets": len(texts), "threads": THREADS, "precision": network.precision},
    }


def _alone(network: Network, texts: Sequence[str]) -> float:
    """Tickets a second; in turns as long as what a worker claims."""
    network.predict(texts[:8])
    began = time.perf_counter()
    for start in range(0, len(texts), TURN_TICKETS):
        network.predict(texts[start : start + TURN_TICKETS], chunk_tokens=CHUNK_TOKENS)
    return len(texts) / (time.perf_counter() - began)


def _worker(artifact: Artifact, texts: Sequence[str], folder: Path) -> float:
    """Tickets a second of one worker over a queue that is full."""
    with (
        embedded_postgres(folder / "postgres") as database_url,
        embedded_redis(folder / "redis") as redis_url,
    ):
        engine = make_engine(database_url, pool_size=4, statement_timeout_s=60)
        upgrade(engine, months_ahead=1)
        _install(engine, artifact)
        tickets = [Ticket(id=str(n), subject="", body=words) for n, words in enumerate(texts)]
        stored = transaction(engine, lambda c: accept(c, tickets, source=SOURCE))
        app = make_producer_app(redis_url, publish_timeout_s=10)
        announce(app, [entry.id for entry in stored], per_message=200)
        app.close()
        settings = {
            "POINTSMAN_STATE_DIR": str(folder / "state"),
            "POINTSMAN_DEVICE": "cpu",
            "POINTSMAN_DEVICE_THREADS": str(THREADS),
            "POINTSMAN_CHUNK_TOKENS": str(CHUNK_TOKENS),
        }
        with process("worker", database_url, redis_url, **settings):
            wait_until_decided(engine, SOURCE, len(texts))
        rate = (len(texts) - _first(engine)) / deciding_s(engine, SOURCE)
        engine.dispose()
    return rate


def _install(engine: Engine, artifact: Artifact) -> None:
    def work(connection: Connection) -> None:
        model_versions.register(
            connection,
            version=artifact.version,
            path=artifact.path,
            labels=artifact.labels,
            metrics={},
        )
        model_versions.activate(connection, artifact.version, actor="benchmark")

    transaction(engine, work)


def _first(engine: Engine) -> int:
    """How many were decided at the moment from which time is counted."""
    statement = text(
        "SELECT count(*) FROM tickets WHERE source = :source AND decided_at = "
        "(SELECT min(decided_at) FROM tickets WHERE source = :source)"
    )
    with engine.connect() as connection:
        return int(connection.execute(statement, {"source": SOURCE}).scalar_one())
