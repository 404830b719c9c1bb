"""The part of a network that backends compute, as a graph that other libraries read.

Encoder and pooling go into it. torch's older exporter traces it in seconds; the newer one took ten
times as long for the same graph, and wants one package more.
"""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import torch

from classifier.architecture import MultilabelTransformer
from core.errors import Permanent

_OPSET = 17  # the first in which layer normalisation is one operation


def write_onnx(model: MultilabelTransformer, file: Path) -> None:
    """Writes an ONNX graph in float32: `input_ids` and `attention_mask` in, `features` out.

    Args:
        model: on the CPU, in float32 and in evaluation mode.
        file: to write.

    Raises:
        Permanent: the exporter does not know something that this encoder does.
    """
    sizes = {"input_ids": {0: "b", 1: "t"}, "attention_mask": {0: "b", 1: "t"}}
    try:
        torch.onnx.export(
            _Traced(model),
            _example(),
            file,
            input_names=["input_ids", "attention_mask"],
            output_names=["features"],
            dynamic_axes={**sizes, "features": {0: "b"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    except Exception as error:  # the exporter raises whatever it met
        raise Permanent(f"this encoder has no ONNX form ({type(error).__name__})") from error


@contextmanager
def quietly() -> Iterator[None]:
    """Without what libraries say while they convert, and without gradients."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
            torch.inference_mode(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


class _Traced(torch.nn.Module):
    """The part of a network that is converted, with a mask that is never left out."""

    def __init__(self, model: MultilabelTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Features, shape (b, f)."""
        return self.model.features(input_ids, attention_mask)


def _example() -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, both (2, 8), along which a network is traced."""
    mask = torch.ones((2, 8), dtype=torch.int64)
    mask[1, 5:] = 0
    return mask.clone(), mask
