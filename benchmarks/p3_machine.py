"""P3: how much of what the machine can multiply the network uses, at the precision that it uses.

Work of an encoder layer on t tokens, in multiplications and additions: 8 t h^2 for the four
projections of attention, 4 t^2 h for attention itself, 4 t h i for the two layers behind it, with h
hidden and i intermediate units. Padding is work too, and is not counted. The machine's rate is that
of torch's product of two 2048 x 2048 matrices in the same precision, measured by turns with it.
Both are by seconds that processors worked for this process, since neighbours on a machine lengthen
the clock's.
"""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks import p1_predict
from benchmarks.fastest import tune
from benchmarks.p1_predict import THREADS, TURN_TICKETS
from classifier.labels import LabelSet
from classifier.transformer import Network, load_network

SIDE, PRODUCTS = 2048, 4
TARGET_SHARE = 0.6


def run() -> dict[str, Any]:
    """Measures both; takes one to two minutes."""
    torch.set_num_threads(THREADS)
    name, fit, test = p1_predict.tickets()
    model = p1_predict.fitted_model(LabelSet.of_rows(fit.labels), fit)
    with tempfile.TemporaryDirectory() as folder:
        artifact = p1_predict.artifact(model, Path(folder))
        network = load_network(artifact, device="cpu", threads=THREADS)
    network.warm_up()
    tune(network)
    work = [_operations(len(ids), model.encoder.config) for ids in network.encode(test.texts)]
    seconds, rates = 0.0, []
    for start in range(0, len(test.texts), TURN_TICKETS):
        rates.append(_machine(network))
        began = time.process_time()
        network.predict(test.texts[start : start + TURN_TICKETS])
        seconds += time.process_time() - began
    value, peer = sum(work) / seconds / 1e9, median(rates)
    return {
        "id": "P3",
        "value": round(value, 1),
        "unit": "GFLOP a second of a core",
        "peer": f"matrix product {SIDE} x {SIDE}, {network.precision}",
        "peer_value": round(peer, 1),
        "ratio": round(value / peer, 2),
        "target": f"≥ {TARGET_SHARE:g}",
        "met": value / peer >= TARGET_SHARE,
        "data": name,
        "detail": {
            "tickets": len(work),
            "threads": THREADS,
            "precision": network.precision,
            "chunk_tokens": network.chunk_tokens,
        },
    }


def _operations(tokens: int, config: Any) -> float:
    hidden, inner = config.hidden_size, config.intermediate_size
    layer = 8 * tokens * hidden**2 + 4 * tokens**2 * hidden + 4 * tokens * hidden * inner
    return float(layer * config.num_hidden_layers)


def _machine(network: Network) -> float:
    """GFLOP a second of a core."""
    kind = torch.bfloat16 if network.precision == "bf16" else torch.float32
    one = torch.ones((SIDE, SIDE), dtype=kind)
    one @ one
    began = time.process_time()
    for _ in range(PRODUCTS):
        one @ one
    return 2 * SIDE**3 * PRODUCTS / (time.process_time() - began) / 1e9
