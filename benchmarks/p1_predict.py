"""P1: texts in, labels out, against the plain way of running the same weights.

The peer is what a tutorial writes: transformers in fp32, batches of 16 in order of arrival, each
padded to its longest text of at most 512 tokens. Both sides run the same encoder and head on the
same tickets and threads, in turns, so that a busy machine slows both. The head is fitted in
closed form on a few hundred tickets: enough to see whether the faster way changes an answer.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from transformers import AutoTokenizer, BatchEncoding, PreTrainedTokenizerBase

from benchmarks.data import SAMPLES, labelled_set
from benchmarks.fastest import fastest
from benchmarks.size import scaled
from classifier.architecture import MultilabelTransformer, save_network
from classifier.artifacts import Artifact, publish
from classifier.chunking import plan_chunks
from classifier.encoders import BUNDLED, resolve_encoder
from classifier.encoding import load_tokenizer
from classifier.labels import LabelSet
from classifier.manifest import Facts
from classifier.scoring import Calibration, Thresholds
from classifier.transformer import Network
from core.text import model_text
from core.ticket_files import read_tickets

THREADS = 2
FIT_TICKETS, TEST_TICKETS, TURN_TICKETS = scaled(400, 64), scaled(512, 64), 256
MAX_LENGTH, PEER_MAX_LENGTH, PEER_BATCH = 256, 512, 16
RIDGE = 30.0
TARGET_RATIO = 6.0

Predict = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to scores in [0, 1], shape (b, l)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tickets:
    """Texts and the labels that people gave them."""

    texts: list[str]
    labels: list[tuple[str, ...]]


def run() -> dict[str, Any]:
    """Measures both ways; takes one to three minutes."""
    torch.set_num_threads(THREADS)
    name, fit, test = tickets()
    labels = LabelSet.of_rows([*fit.labels, *test.labels])
    model = fitted_model(labels, fit)
    with tempfile.TemporaryDirectory() as folder:
        backend, network = fastest(artifact(model, Path(folder)), fit.texts, THREADS)
    tokenizer = AutoTokenizer.from_pretrained(resolve_encoder(BUNDLED))
    ours, theirs = timed([network.predict, partial(_plain, model, tokenizer)], test.texts)
    return _result(network, labels, test, ours, theirs) | {"data": name, "backend": backend}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Scores (b, l) and the seconds they took."""

    scores: NDArray[np.float32]
    seconds: float


def _result(
    network: Network, labels: LabelSet, test: Tickets, ours: Timed, theirs: Timed
) -> dict[str, Any]:
    value, peer_value = (len(test.texts) / side.seconds for side in (ours, theirs))
    lengths = [len(ids) for ids in network.encode(test.texts)]
    truth = labels.binarise(test.labels)
    return {
        "id": "P1",
        "value": round(value, 1),
        "unit": "tickets/s",
        "peer": f"transformers fp32, batches of {PEER_BATCH} padded, max_length {PEER_MAX_LENGTH}",
        "peer_value": round(peer_value, 1),
        "ratio": round(value / peer_value, 2),
        "target": f"≥ {TARGET_RATIO:g} times",
        "met": value / peer_value >= TARGET_RATIO,
        "detail": {
            "tickets": len(lengths),
            "threads": THREADS,
            "precision": network.precision,
            "chunk_tokens": network.chunk_tokens,
            "max_length": MAX_LENGTH,
            "tokens_per_s": round(sum(lengths) / ours.seconds),
            "padding_share": round(padding_share(lengths, network.chunk_tokens), 4),
            "length_percentiles_5_50_95_99": np.percentile(lengths, [5, 50, 95, 99]).tolist(),
            "f1": f1(truth, ours.scores),
            "peer_f1": f1(truth, theirs.scores),
            "largest_score_difference": float(np.abs(ours.scores - theirs.scores).max()),
        },
    }


def padding_share(lengths: Sequence[int], chunk_tokens: int) -> float:
    """Share of what the device reads that is padding, cut into chunks as tickets come."""
    computed = 0
    for start in range(0, len(lengths), TURN_TICKETS):
        turn = lengths[start : start + TURN_TICKETS]
        for chunk in plan_chunks(turn, chunk_tokens):
            computed += len(chunk) * max(turn[row] for row in chunk)
    return 1 - sum(lengths) / computed


def timed(ways: Sequence[Predict], texts: Sequence[str]) -> list[Timed]:
    """Each way over all texts, by turns; one small turn before the clock starts warms up."""
    seconds = [0.0] * len(ways)
    scores: list[list[NDArray[np.float32]]] = [[] for _ in ways]
    for way in ways:
        way(texts[:PEER_BATCH])
    for turn in _slices(texts, TURN_TICKETS):
        for i, way in enumerate(ways):
            start = time.perf_counter()
            scores[i].append(way(turn))
            seconds[i] += time.perf_counter() - start
    return [
        Timed(scores=np.concatenate(s), seconds=t) for s, t in zip(scores, seconds, strict=True)
    ]


def _plain(
    model: MultilabelTransformer, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> NDArray[np.float32]:
    """The peer."""
    found: list[torch.Tensor] = []
    with torch.no_grad():
        for batch in _slices(texts, PEER_BATCH):
            encoded: BatchEncoding = tokenizer(
                batch,
                padding=True,
                truncation=True,
                max_length=PEER_MAX_LENGTH,
                return_tensors="pt",
            )
            found.append(model(encoded["input_ids"], encoded["attention_mask"]).sigmoid())
    return cast(NDArray[np.float32], torch.cat(found).numpy())


def fitted_model(labels: LabelSet, fit: Tickets) -> MultilabelTransformer:
    """The bundled encoder under ridge regression.

    Scores are shifted so that at 0.5 as many of these tickets get a label as have it.
    """
    folder = resolve_encoder(BUNDLED)
    model = MultilabelTransformer.from_encoder(folder, labels.names).eval()
    features = _features(model, folder, fit.texts)  # (b, f)
    marks = labels.binarise(fit.labels).astype(np.float64)  # (b, l)
    center, rate = features.mean(axis=0), marks.mean(axis=0)
    x = features - center
    weights = np.linalg.solve(x.T @ x + RIDGE / len(x) * np.eye(x.shape[1]), x.T @ (marks - rate))
    outputs = x @ weights
    cuts = np.array([np.quantile(column, 1 - r) for column, r in zip(outputs.T, rate, strict=True)])
    head = cast(torch.nn.Linear, model.head)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights.T))
        head.bias.copy_(torch.from_numpy(-center @ weights - cuts))
    return model


def _features(
    model: MultilabelTransformer, folder: Path, texts: Sequence[str]
) -> NDArray[np.float64]:
    """Pooled features, shape (b, f)."""
    tokenizer = load_tokenizer(folder, MAX_LENGTH)
    with torch.inference_mode():
        rows = [model.features(torch.tensor([ids])) for ids in tokenizer.encode(texts).token_ids]
    return torch.cat(rows).double().numpy()


def artifact(model: MultilabelTransformer, folder: Path) -> Artifact:
    staging = folder / "staging"
    staging.mkdir()
    save_network(model, load_tokenizer(resolve_encoder(BUNDLED), MAX_LENGTH), staging)
    LabelSet(model.labels).save(staging / "labels.json")
    Calibration.identity(model.labels).save(staging / "calibration.json")
    Thresholds.uniform(model.labels).save(staging / "thresholds.json")
    facts = Facts(
        encoder=BUNDLED,
        labels=model.labels,
        max_length=MAX_LENGTH,
        dataset_hash="",
        seeds=(),
        code_version="",
        preset="benchmark",
    )
    return publish(staging, folder / "artifact", facts)


def tickets() -> tuple[str, Tickets, Tickets]:
    """Name of the data, tickets to fit on and tickets to measure on, in order of arrival."""
    data = labelled_set("sumo_firefox")
    if data is not None:
        return data.name, _read(data.train, 0, FIT_TICKETS), _read(data.test, 0, TEST_TICKETS)
    half = sum(1 for _ in read_tickets(SAMPLES)) // 2
    return "samples", _read(SAMPLES, 0, half), _read(SAMPLES, half, half + TEST_TICKETS)


def _read(path: Path, start: int, stop: int) -> Tickets:
    lines = islice(read_tickets(path, ignore_unknown=True), start, stop)
    tickets = [line.ticket for line in lines if line.ticket]
    return Tickets(
        texts=[model_text(ticket.subject, ticket.body) for ticket in tickets],
        labels=[ticket.labels or () for ticket in tickets],
    )


def _slices(texts: Sequence[str], size: int) -> Iterator[list[str]]:
    return (list(texts[start : start + size]) for start in range(0, len(texts), size))


def f1(truth: NDArray[np.uint8], scores: NDArray[np.float32]) -> dict[str, float]:
    """Micro-F1, and macro-F1 over the labels that occur."""
    occurs = truth.any(axis=0)
    sides = truth[:, occurs], scores[:, occurs] >= 0.5
    return {
        how: round(float(f1_score(*sides, average=how, zero_division=0)), 4)
        for how in ("micro", "macro")
    }
