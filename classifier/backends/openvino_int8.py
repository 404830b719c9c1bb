"""OpenVINO with weights and activations in int8, whose ranges were taken from texts beforehand.

The graph comes by way of ONNX, since OpenVINO's own converter reports its use over the network.
"""

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.backends.graph import quietly, write_onnx
from classifier.backends.protocol import Ids
from classifier.chunking import plan_chunks
from classifier.transformer import padded
from core.errors import Permanent

GRAPH, WEIGHTS = "openvino-int8.xml", "openvino-int8.weights"
EXTRA = "openvino"
_CHUNK_TOKENS = 2048
_MOST_CHUNKS = 40  # of texts that ranges are taken from; some hundred tickets


class OpenVinoBackend:
    """A model compiled for this CPU.

    Args:
        graph: content of the XML file.
        weights: content of the other.
        lanes: as `protocol.Load`.
    """

    precision = "int8"

    def __init__(self, graph: bytes, weights: bytes, lanes: int) -> None:
        library = _library()
        wanted: dict[str, str | int] = {"PERFORMANCE_HINT": "THROUGHPUT"}
        if lanes:
            wanted |= {"NUM_STREAMS": lanes, "INFERENCE_NUM_THREADS": lanes}
        try:
            core = library.Core()
            model = core.read_model(graph, weights)
            self._compiled = core.compile_model(model, "CPU", wanted)
            self._own = threading.local()  # a request serves one thread at a time
        except RuntimeError as error:
            raise Permanent(f"{GRAPH} cannot be read by OpenVINO") from error

    def features(self, input_ids: Ids, attention_mask: Ids) -> NDArray[np.float32]:
        """Pooled hidden states (b, f)."""
        try:
            if not hasattr(self._own, "request"):
                self._own.request = self._compiled.create_infer_request()
            found: NDArray[np.float32] = self._own.request.infer([input_ids, attention_mask])[0]
        except RuntimeError as error:
            raise Permanent("OpenVINO failed on a chunk") from error
        return found


def load(files: Mapping[str, bytes], lanes: int) -> OpenVinoBackend:
    """See `protocol.Load`."""
    return OpenVinoBackend(files[GRAPH], files[WEIGHTS], lanes)


def build(model: MultilabelTransformer, token_ids: Sequence[Sequence[int]], folder: Path) -> None:
    """See `protocol.Build`; some hundred texts are enough."""
    library = _library()
    os.environ.setdefault("NNCF_CI", "1")  # otherwise it tells its makers that it was used
    with tempfile.TemporaryDirectory() as aside, quietly():
        write_onnx(model, Path(aside) / "fp32.onnx")
        try:
            import nncf  # noqa: PLC0415  an extra

            plain = library.Core().read_model(Path(aside) / "fp32.onnx")
            chunks = list(_chunks(model, token_ids))
            small = nncf.quantize(
                plain,
                nncf.Dataset(chunks),
                subset_size=len(chunks),
                model_type=nncf.ModelType.TRANSFORMER,
            )
            _save(library, small, folder)
        except ImportError as error:
            raise Permanent(f"{error.name} is missing; install the extra `{EXTRA}`") from error
        except RuntimeError as error:
            raise Permanent("this encoder has no OpenVINO form") from error


def _save(library: Any, model: Any, folder: Path) -> None:
    """OpenVINO ends weights in `.bin`, a name that artifacts refuse since it may be a pickle's."""
    library.serialize(model, folder / GRAPH, folder / f"{WEIGHTS}.bin")
    (folder / f"{WEIGHTS}.bin").rename(folder / WEIGHTS)


def _chunks(
    model: MultilabelTransformer, token_ids: Sequence[Sequence[int]]
) -> Iterator[dict[str, Ids]]:
    read = [ids[: model.cost(ids)] for ids in token_ids]
    for chunk in plan_chunks([len(ids) for ids in read], _CHUNK_TOKENS)[:_MOST_CHUNKS]:
        ids, mask = padded([read[row] for row in chunk], model.pad_id, "cpu")
        full = torch.ones_like(ids) if mask is None else mask
        yield {"input_ids": ids.numpy(), "attention_mask": full.numpy()}


def _library() -> Any:
    try:
        import openvino  # noqa: PLC0415  an extra
    except ImportError as error:
        raise Permanent(f"OpenVINO is not installed; install the extra `{EXTRA}`") from error
    return openvino
