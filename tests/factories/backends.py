"""A backend that needs no library, and artifacts that carry it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.artifacts import Artifact
from classifier.backends.protocol import FOLDER, Ids, Kind
from tests.factories.artifacts import build_tiny_artifact, build_tiny_network

NAME, FILE, CONTENT = "onnx-int8", "plain.graph", b"some graph"

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(kw_only=True)
class PlainBackend:
    """The tiny network's own features, as `change` leaves them."""

    change: Change
    precision: str = "int8"

    def __post_init__(self) -> None:
        self._model = build_tiny_network()

    def features(self, input_ids: Ids, attention_mask: Ids) -> NDArray[np.float32]:
        ids, mask = torch.from_numpy(input_ids), torch.from_numpy(attention_mask)
        with torch.inference_mode():
            return self.change(self._model.features(ids, mask).numpy())


def plain_kind(change: Change = lambda features: features) -> Kind:
    """A kind whose file is one word, and which computes what torch does."""

    def load(files: Mapping[str, bytes], lanes: int) -> PlainBackend:
        assert files[FILE] == CONTENT
        return PlainBackend(change=change)

    def build(
        model: MultilabelTransformer, token_ids: Sequence[Sequence[int]], folder: Path
    ) -> None:
        (folder / FILE).write_bytes(CONTENT)

    return Kind(files=(FILE,), extra="none", load=load, build=build)


def carrying(folder: Path) -> Artifact:
    """A tiny artifact that carries the backend."""

    def also(staging: Path) -> None:
        (staging / FOLDER).mkdir()
        (staging / FOLDER / FILE).write_bytes(CONTENT)

    return build_tiny_artifact(folder, also=also)
