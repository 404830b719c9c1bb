"""P2: texts in, labels out, against the best public way on a CPU: ONNX Runtime in int8.

The peer is what sentence-transformers and optimum do with that backend, by hand and without either,
so that nothing has to be fetched: the encoder alone is exported, quantized dynamically for AVX2
(per channel, 7 bits), and run over texts sorted by length in batches of 32, padded, of at most 256
tokens; mean pooling in numpy. Both sides have the same tickets and threads, by turns. Needs the
extra `onnx`.
"""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoTokenizer

from benchmarks import p1_predict
from benchmarks.fastest import fastest
from benchmarks.p1_predict import THREADS, Timed
from classifier.architecture import MultilabelTransformer
from classifier.encoders import BUNDLED, resolve_encoder
from classifier.labels import LabelSet

PEER_BATCH, MAX_LENGTH = 32, 256
TARGET_RATIO = 1.2

Encode = Callable[[Sequence[str]], dict[str, NDArray[np.int64]]]


def run() -> dict[str, Any]:
    """Measures both; takes two to four minutes."""
    torch.set_num_threads(THREADS)
    name, fit, test = p1_predict.tickets()
    labels = LabelSet.of_rows([*fit.labels, *test.labels])
    model = p1_predict.fitted_model(labels, fit)
    with tempfile.TemporaryDirectory() as folder:
        artifact = p1_predict.artifact(model, Path(folder))
        backend, network = fastest(artifact, fit.texts, THREADS)
        session = _session(model, Path(folder))
    ours, theirs = p1_predict.timed(
        [
            network.predict,
            partial(_peer, session, _encode(), model),
        ],
        test.texts,
    )
    return _result(network.encode(test.texts), ours, theirs) | {
        "data": name,
        "backend": backend,
        "f1": p1_predict.f1(labels.binarise(test.labels), ours.scores),
        "peer_f1": p1_predict.f1(labels.binarise(test.labels), theirs.scores),
    }


def _result(token_ids: list[list[int]], ours: Timed, theirs: Timed) -> dict[str, Any]:
    value, peer_value = (len(token_ids) / side.seconds for side in (ours, theirs))
    return {
        "id": "P2",
        "value": round(value, 1),
        "unit": "tickets/s",
        "peer": f"ONNX Runtime int8, batches of {PEER_BATCH} by length, max_length {MAX_LENGTH}",
        "peer_value": round(peer_value, 1),
        "ratio": round(value / peer_value, 2),
        "target": f"≥ {TARGET_RATIO:g} times",
        "met": value / peer_value >= TARGET_RATIO,
        "detail": {
            "tickets": len(token_ids),
            "threads": THREADS,
            "tokens_per_s": round(sum(map(len, token_ids)) / ours.seconds),
            "largest_score_difference": float(np.abs(ours.scores - theirs.scores).max()),
        },
    }


class _Encoder(torch.nn.Module):
    """The encoder alone, its last states out."""

    def __init__(self, model: MultilabelTransformer) -> None:
        super().__init__()
        self._encoder = model.encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        found = self._encoder(input_ids=input_ids, attention_mask=attention_mask)
        return cast(torch.Tensor, found.last_hidden_state)


def _session(model: MultilabelTransformer, folder: Path) -> onnxruntime.InferenceSession:
    """The encoder as optimum exports and quantizes it for AVX2."""
    ids = torch.ones((2, 8), dtype=torch.int64)
    sizes = {0: "b", 1: "t"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Encoder(model).eval(),
            (ids, ids),
            folder / "peer.onnx",
            input_names=["input_ids", "attention_mask"],
            output_names=["last_hidden_state"],
            dynamic_axes={"input_ids": sizes, "attention_mask": sizes, "last_hidden_state": sizes},
            opset_version=17,
            dynamo=False,
        )
    quantize_dynamic(
        folder / "peer.onnx",
        folder / "peer-int8.onnx",
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(
        (folder / "peer-int8.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def _encode() -> Encode:
    tokenizer = AutoTokenizer.from_pretrained(resolve_encoder(BUNDLED))

    def encode(texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        return dict(
            tokenizer(
                list(texts),
                padding=True,
                truncation=True,
                max_length=MAX_LENGTH,
                return_tensors="np",
                return_token_type_ids=False,
            )
        )

    return encode


def _peer(
    session: onnxruntime.InferenceSession,
    encode: Encode,
    model: MultilabelTransformer,
    texts: Sequence[str],
) -> NDArray[np.float32]:
    order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
    scores = np.zeros((len(texts), len(model.labels)), dtype=np.float32)
    for start in range(0, len(order), PEER_BATCH):
        rows = order[start : start + PEER_BATCH]
        given = encode([texts[row] for row in rows])
        states = session.run(None, given)[0]  # (b, t, h)
        kept = given["attention_mask"][:, :, None]
        pooled = (states * kept).sum(axis=1) / kept.sum(axis=1)
        with torch.inference_mode():
            features = torch.from_numpy(pooled.astype(np.float32))
            scores[rows] = model.head(features).sigmoid().numpy()
    return scores
