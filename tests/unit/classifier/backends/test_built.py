"""Backends as their libraries build them; where one is not installed its tests are skipped."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.architecture import HeadShape, MultilabelTransformer
from classifier.backends.known import KINDS
from classifier.backends.protocol import Backend
from classifier.transformer import padded
from core.errors import Permanent
from tests.factories.artifacts import build_tiny_network

Array = NDArray[np.float32]
# Other tokens in each, of whose longest not all are read.
_IDS = [[2, *range(4 + 9 * n, 4 + 9 * n + t), 3] for n, t in enumerate((1, 3, 9, 14, 30))]
_NEEDS = {"onnx-int8": ("onnx", "onnxruntime"), "openvino-int8": ("openvino", "nncf")}


def _built(name: str, model: MultilabelTransformer, folder: Path) -> Backend:
    for module in _NEEDS[name]:
        pytest.importorskip(module)
    kind = KINDS[name]
    kind.build(model, _IDS, folder)
    assert {file.name for file in folder.iterdir()} == set(kind.files)
    return kind.load({file: (folder / file).read_bytes() for file in kind.files}, 1)


def _calm(model: MultilabelTransformer) -> MultilabelTransformer:
    """With weights of a size that training leaves: random large ones magnify every rounding."""
    for weight in model.encoder.parameters():
        weight.data.mul_(0.2 if weight.ndim == 2 else 1)
    return model


def _both(
    model: MultilabelTransformer, backend: Backend, ids: list[list[int]]
) -> tuple[Array, Array]:
    batch, mask = padded(ids, model.pad_id, "cpu")
    full = np.ones_like(batch.numpy()) if mask is None else mask.numpy()
    found = backend.features(batch.numpy(), full)
    return found, model.features(batch, mask).detach().numpy()


@pytest.mark.parametrize("name", KINDS)
def test_features_are_those_of_torch_but_for_rounding(name: str, tmp_path: Path) -> None:
    """In chunks of other shapes than it was traced with, padded and not, longer than it reads.

    Random weights magnify rounding: with MiniLM's own the cosine was .99 for both backends.
    """
    model = _calm(build_tiny_network(shape=HeadShape(layers=(-3, -1), encoder_tokens=16)))
    backend = _built(name, model, tmp_path)
    for ids in (_IDS, _IDS[:1], _IDS[3:4], [_IDS[4], _IDS[0]]):
        found, exact = _both(model, backend, ids)
        assert found.shape == exact.shape
        assert found.dtype == np.float32
        alike = _unit(found) @ _unit(exact).T  # (b, b)
        assert alike.diagonal().min() > 0.9
        assert alike.argmax(axis=1).tolist() == list(range(len(ids)))


def _unit(features: Array) -> Array:
    lengths: Array = np.linalg.norm(features, axis=1, keepdims=True)
    return features / lengths


@pytest.mark.parametrize("name", KINDS)
def test_what_is_not_a_graph_is_refused(name: str) -> None:
    for module in _NEEDS[name]:
        pytest.importorskip(module)
    with pytest.raises(Permanent):
        KINDS[name].load(dict.fromkeys(KINDS[name].files, b"nothing of the kind"), 1)
