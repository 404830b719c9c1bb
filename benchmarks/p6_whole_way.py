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

from benchmarks import p1_predict
from benchmarks.bed import (
    REAL,
    bed,
    decided_per_s,
    process,
    serve,
    store,
    tell,
    wait_until_decided,
)
from benchmarks.fastest import tune
from benchmarks.p1_predict import THREADS, TURN_TICKETS
from classifier.artifacts import Artifact
from classifier.labels import LabelSet
from classifier.transformer import Network, load_network
from core.types import Ticket

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
        tune(network)
        texts = [f"{n} {words}" for n, words in enumerate(test.texts)]
        before = _alone(network, texts)
        value = _worker(artifact, texts, network.chunk_tokens)
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
        "detail": {
            "tickets": len(texts),
            "threads": THREADS,
            "precision": network.precision,
            "chunk_tokens": network.chunk_tokens,
        },
    }


def on_cpu(chunk_tokens: int) -> dict[str, str]:
    """Settings of a worker that computes as the predictor here does."""
    return {
        "POINTSMAN_DEVICE": "cpu",
        "POINTSMAN_DEVICE_THREADS": str(THREADS),
        "POINTSMAN_CHUNK_TOKENS": str(chunk_tokens),
    }


def _alone(network: Network, texts: Sequence[str]) -> float:
    """Tickets a second; in turns as long as what a worker claims."""
    network.predict(texts[:8])
    began = time.perf_counter()
    for start in range(0, len(texts), TURN_TICKETS):
        network.predict(texts[start : start + TURN_TICKETS])
    return len(texts) / (time.perf_counter() - began)


def _worker(artifact: Artifact, texts: Sequence[str], chunk_tokens: int) -> float:
    """Tickets a second of one worker over a queue that is full."""
    with bed() as on:
        serve(on.engine, artifact)
        tickets = (Ticket(id=str(n), subject="", body=words) for n, words in enumerate(texts))
        tell(on.redis_url, list(store(on.engine, tickets, source=SOURCE)), per_message=200)
        with process(REAL, on, **on_cpu(chunk_tokens)):
            wait_until_decided(on.engine, SOURCE, len(texts))
        return decided_per_s(on.engine, SOURCE)
