"""The network in training as it will be served: same device, same precision, same code."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.chunking import plan_chunks
from classifier.encoding import TicketTokenizer
from classifier.golden import Golden
from classifier.precision import resolve_precision
from classifier.transformer import Network
from trainer.fit.embeddings import CHUNK_TOKENS
from trainer.operating.held_out import OperatingPoint


def serving_copy(model: MultilabelTransformer, device: str) -> MultilabelTransformer:
    """A copy on the device, its encoder in the precision that the device serves in.

    A copy, because rounding the weights themselves would end up in the artifact.
    """
    copy = deepcopy(model).to(torch.device(device))
    torch.nn.Module.to(copy.encoder, dtype=resolve_precision("auto", device))
    return copy.eval()


def serving_network(
    model: MultilabelTransformer, tokenizer: TicketTokenizer, point: OperatingPoint, device: str
) -> Network:
    """What `load_network` will give once the artifact is written."""
    return Network(serving_copy(model, device), tokenizer, point.calibration, point.thresholds)


def golden_batch(
    model: MultilabelTransformer, tokenizer: TicketTokenizer, point: OperatingPoint
) -> Golden:
    """What workers must find too, computed on the CPU in fp32, as the weights are written."""
    copy = deepcopy(model).to(device="cpu", dtype=torch.float32)
    return Golden.of(Network(copy, tokenizer, point.calibration, point.thresholds))


def raw_scores(network: Network, token_ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Raw scores of any number of texts, shape (b, l)."""
    logits = np.zeros((len(token_ids), len(network.labels)), dtype=np.float32)  # (b, l)
    for chunk in plan_chunks([len(ids) for ids in token_ids], CHUNK_TOKENS):
        logits[chunk] = network.logits([token_ids[row] for row in chunk])
    return logits
