"""How many padded tokens a device computes at once: what it was measured to be fast with.

Larger chunks keep a GPU's units busy; on a CPU they fall out of its caches. Smaller ones hold less
padding and are sooner done, so the smallest budget counts that is nearly as fast as any.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter

from classifier.measurements import keep, machine, recall
from classifier.precision import device_name
from classifier.transformer import Network
from core.errors import Transient

_log = structlog.get_logger(__name__)
ON_CPU = (256, 512, 1024, 2048, 4096)
ON_GPU = (4096, 8192, 16_384, 32_768, 65_536)
_TEXT_TOKENS = 128  # of each text of a measurement: the median of a support ticket is about 100
_LEAST_TOKENS = 2048  # that one look at a budget computes
_ROUNDS = 3
_WITHIN_S = 4.0
_GOOD = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a device was measured to do.

    Attributes:
        tokens_per_s: by padded tokens of a chunk; not empty.
        at: when, as ISO 8601.
    """

    tokens_per_s: Mapping[int, float]
    at: str

    @property
    def tokens(self) -> int:
        """The smallest chunk that reaches 97 % of the best rate."""
        good = _GOOD * max(self.tokens_per_s.values())
        return min(tokens for tokens, rate in self.tokens_per_s.items() if rate >= good)


_BUDGET: TypeAdapter[Budget] = TypeAdapter(Budget)


def measured(network: Network, file: Path) -> Budget | None:
    """What a file holds, or else a measurement of some seconds, which goes there.

    None when the machine is too busy for one; the next start tries again.

    Raises:
        Permanent: as `Network.logits`.
        Transient: not even the smallest chunk fits into the device's memory.
    """
    if (known := remembered(file)) is not None:
        return known
    found = measure(network, ON_CPU if network.device == "cpu" else ON_GPU)
    if found is None:
        _log.warning("chunks_not_measured", tokens=network.chunk_tokens)
    else:
        keep(file, found)
        _log.info("chunks_measured", tokens=found.tokens, tokens_per_s=dict(found.tokens_per_s))
    return found


def remembered(file: Path) -> Budget | None:
    """What was measured; None when nothing was."""
    return recall(file, _BUDGET)


def measure(network: Network, sizes: Sequence[int]) -> Budget | None:
    """The best of some rounds over all sizes, by turns, so that a busy moment decides nothing.

    None when the time does not suffice for one look at each.

    Args:
        network: ready.
        sizes: of chunks in tokens, ascending; what does not fit into memory ends the list.

    Raises:
        Permanent: as `Network.logits`.
        Transient: as `measured`.
    """
    rates: dict[int, float] = {}
    until = time.monotonic() + _WITHIN_S
    for _ in range(_ROUNDS):
        for size in sizes:
            if time.monotonic() > until:
                break
            try:
                rates[size] = max(_tokens_per_s(network, size), rates.get(size, 0.0))
            except Transient:
                if not rates:
                    raise
                sizes = [fits for fits in sizes if fits < size]
                break
    if len(rates) < len(sizes):
        return None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Budget(tokens_per_s={size: round(rate, 1) for size, rate in rates.items()}, at=now)


def file_of(
    memory: Path, config: Mapping[str, Any], *, backend: str, device: str, threads: int
) -> Path:
    """Where a measurement is kept: one file for a machine, a device and a kind of network.

    Args:
        memory: the folder.
        config: `config.json` of an artifact; of its encoder only the size counts.
        backend: that computes it.
        device: as torch names it.
        threads: of each library; 0 for its own choice.
    """
    kind = [config.get(name) for name in ("model_type", "hidden_size", "num_hidden_layers")]
    return memory / f"chunks-{machine(threads, kind, backend, device_name(device))}.json"


def _tokens_per_s(network: Network, size: int) -> float:
    length = min(_TEXT_TOKENS, size, network.tokenizer.max_length)
    chunk = [[0] * length] * (size // length)
    times = max(1, _LEAST_TOKENS // size)
    network.logits(chunk[:1])
    began = time.perf_counter()
    for _ in range(times):
        network.logits(chunk)
    return times * len(chunk) * length / (time.perf_counter() - began)
