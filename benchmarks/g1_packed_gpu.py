"""G1: tokens a second of BERT-base in bf16 on one GPU, tokenization included.

The peer is the loop of a tutorial: batches of 32 in order of arrival, each padded to its longest,
on the same weights in the same precision. Beside it the encoder alone reads the same texts padded
and packed, in the batches of the peer, which are about two fifths padding (the result says how
much). Weights are random, since speed does not depend on them, so nothing has to be fetched. Not
run yet: no GPU could be had.
"""

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import BertConfig, BertModel

from benchmarks import packed
from benchmarks.data import SAMPLES
from benchmarks.size import scaled
from classifier.architecture import MultilabelTransformer
from classifier.budget import ON_GPU, measure
from classifier.encoders import BUNDLED, resolve_encoder
from classifier.encoding import TicketTokenizer, load_tokenizer
from classifier.precision import resolve_precision
from classifier.scoring import Calibration, Thresholds
from classifier.transformer import Network, padded
from core.text import model_text
from core.ticket_files import read_tickets

BATCH, MAX_LENGTH = 32, 512
TARGET_TOKENS_PER_S, TARGET_PACKED = 700_000, 1.5
LABELS = tuple(f"label-{n}" for n in range(30))

Encoded = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Where it runs and how much: the sizes of chunks that are tried, layers, texts."""

    device: str
    sizes: Sequence[int]
    layers: int
    texts: int


def run() -> dict[str, Any]:
    """Measures on `BENCH_DEVICE`, the first GPU unless it says otherwise."""
    device = os.environ.get("BENCH_DEVICE", "cuda:0")
    return measured(Trial(device=device, sizes=ON_GPU, layers=12, texts=scaled(50_000, 500)))


def measured(trial: Trial) -> dict[str, Any]:
    """Ours beside the peer, and the encoder alone packed beside padded."""
    packed.register()
    tokenizer = load_tokenizer(resolve_encoder(BUNDLED), MAX_LENGTH)
    model = _model(trial, tokenizer, "sdpa")
    network = _network(model, tokenizer)
    network.warm_up()
    if (found := measure(network, trial.sizes)) is not None:
        network.chunk_tokens = found.tokens
    texts = list(_texts(trial.texts))
    ids = network.encode(texts)
    tokens = sum(map(len, ids))
    ours = _seconds(lambda: network.predict(texts), trial.device)
    theirs = _seconds(lambda: _plain(network, model, texts), trial.device)
    twin = _model(trial, tokenizer, packed.NAME)
    twin.load_state_dict(model.state_dict())
    few = ids[: max(BATCH, len(ids) // 10)]
    by_padded = _seconds(lambda: _in_batches(few, lambda b: _padded(model, b)), trial.device)
    by_packed = _seconds(
        lambda: _in_batches(few, lambda b: packed.mean_packed(twin.encoder, b)), trial.device
    )
    rate, gain = tokens / ours, by_padded / by_packed
    return {
        "id": "G1",
        "value": round(rate),
        "unit": "tokens/s",
        "peer": f"transformers in batches of {BATCH} as they come, padded",
        "peer_value": round(tokens / theirs),
        "ratio": round(theirs / ours, 2),
        "target": f"≥ {TARGET_TOKENS_PER_S:,} tokens/s; packed ≥ {TARGET_PACKED} times padded",
        "met": rate >= TARGET_TOKENS_PER_S and gain >= TARGET_PACKED,
        "detail": {
            "device": trial.device,
            "texts": len(texts),
            "precision": network.precision,
            "chunk_tokens": network.chunk_tokens,
            "padding_share_of_peer": round(_padding(ids), 3),
            "packed_by_padded": round(gain, 2),
            "largest_difference_packed": _difference(model, twin, few[:BATCH]),
        },
    }


def _model(trial: Trial, tokenizer: TicketTokenizer, attention: str) -> MultilabelTransformer:
    torch.manual_seed(0)
    encoder = BertModel(BertConfig(num_hidden_layers=trial.layers), add_pooling_layer=False)
    encoder.set_attn_implementation(attention)
    model = MultilabelTransformer(encoder, LABELS).eval()
    model.to(torch.device(trial.device))
    torch.nn.Module.to(model.encoder, dtype=resolve_precision("auto", trial.device))
    return model


def _network(model: MultilabelTransformer, tokenizer: TicketTokenizer) -> Network:
    return Network(model, tokenizer, Calibration.identity(LABELS), Thresholds.uniform(LABELS))


def _plain(network: Network, model: MultilabelTransformer, texts: Sequence[str]) -> None:
    for start in range(0, len(texts), BATCH):
        ids, mask = padded(
            network.encode(texts[start : start + BATCH]), model.pad_id, network.device
        )
        with torch.inference_mode():
            model(ids, mask).sigmoid().float().cpu().numpy()


def _padded(model: MultilabelTransformer, token_ids: Encoded) -> torch.Tensor:
    """Pooled features (b, h)."""
    ids, mask = padded(token_ids, model.pad_id, str(model.encoder.device))
    return model.features(ids, mask)


def _in_batches(token_ids: Encoded, compute: Callable[[Encoded], torch.Tensor]) -> None:
    with torch.inference_mode():
        for start in range(0, len(token_ids), BATCH):
            compute(token_ids[start : start + BATCH])


def _difference(
    model: MultilabelTransformer, twin: MultilabelTransformer, token_ids: Encoded
) -> float:
    """Largest difference of a feature, packed and padded."""
    with torch.inference_mode():
        one, other = _padded(model, token_ids), packed.mean_packed(twin.encoder, token_ids)
    return round(float((one - other).abs().max()), 5)


def _seconds(work: Callable[[], Any], device: str) -> float:
    began = time.perf_counter()
    work()
    if device != "cpu":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


def _padding(token_ids: Encoded) -> float:
    """Share of the peer's work that is padding."""
    read = 0
    for start in range(0, len(token_ids), BATCH):
        batch = token_ids[start : start + BATCH]
        read += len(batch) * max(map(len, batch))
    return 1 - sum(map(len, token_ids)) / read


def _texts(count: int) -> Iterator[str]:
    """Texts of mixed lengths, half to twice a median of 100 words, from the demo's tickets."""
    chance = random.Random(7)
    lines = (line.ticket for line in read_tickets(SAMPLES, ignore_unknown=True))
    words = " ".join(model_text(t.subject, t.body) for t in lines if t is not None).split()
    for _ in range(count):
        length = min(350, max(5, round(chance.lognormvariate(4.6, 0.35))))
        start = chance.randrange(len(words) - length)
        yield " ".join(words[start : start + length])
