"""ONNX Runtime with weights in int8 and activations quantized as they come: no texts needed.

Weights keep 7 bits, since the 8-bit products of CPUs before VNNI add up in 16 bits and saturate;
ONNX Runtime's own guide to quantization asks for it there ("reduce_range").
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.backends.graph import quietly, write_onnx
from classifier.backends.protocol import Ids
from core.errors import Permanent

FILE = "onnx-int8.onnx"
EXTRA = "onnx"
_ERROR_ONLY = 3


class OnnxBackend:
    """A session of ONNX Runtime.

    Args:
        content: of an ONNX file.
    """

    precision = "int8"

    def __init__(self, content: bytes) -> None:
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERROR_ONLY
        try:
            self._session = runtime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library's own types share no other base
            raise Permanent(f"{FILE} cannot be read by ONNX Runtime") from error

    def features(self, input_ids: Ids, attention_mask: Ids) -> NDArray[np.float32]:
        """Pooled hidden states (b, f)."""
        given = {"input_ids": input_ids, "attention_mask": attention_mask}
        try:
            found: NDArray[np.float32] = self._session.run(["features"], given)[0]
        except Exception as error:  # the library's own types share no other base
            raise Permanent(f"ONNX Runtime failed ({type(error).__name__})") from error
        return found


def load(files: Mapping[str, bytes], lanes: int) -> OnnxBackend:
    """See `protocol.Load`; one session serves any number of lanes."""
    return OnnxBackend(files[FILE])


def build(model: MultilabelTransformer, token_ids: Sequence[Sequence[int]], folder: Path) -> None:
    """See `protocol.Build`; texts are not looked at."""
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415
    except ImportError as error:
        raise Permanent(f"{error.name} is not installed; install the extra `{EXTRA}`") from error
    with tempfile.TemporaryDirectory() as aside, quietly():
        whole = Path(aside) / "fp32.onnx"
        write_onnx(model, whole)
        quantize_dynamic(
            whole,
            folder / FILE,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            extra_options={"MatMulConstBOnly": True},
        )


def _runtime() -> Any:
    try:
        import onnxruntime  # noqa: PLC0415  an extra
    except ImportError as error:
        raise Permanent(f"ONNX Runtime is not installed; install the extra `{EXTRA}`") from error
    return onnxruntime
