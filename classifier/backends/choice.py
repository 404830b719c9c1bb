"""Which backend serves: the one that is fastest here, measured once for a machine and an artifact.

A backend is only ever a faster way to the same answers, so whatever is wrong with one ends in
torch. What was measured is kept in the state folder and tells `pointsman doctor` why.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from pydantic import TypeAdapter

from classifier import budget
from classifier.artifacts import Artifact
from classifier.backends.known import TORCH, carried, load_backend
from classifier.golden import check_golden
from classifier.measurements import keep, machine, recall
from classifier.transformer import Network, load_network
from core.errors import PointsmanError

_log = structlog.get_logger(__name__)
AUTO = "auto"
# Texts of these many tokens: what a chunk of short tickets, of middling and of long ones holds.
_CHUNKS = ((32, 24), (24, 64), (6, 256))
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What is wanted.

    Attributes:
        backend: `auto`, `torch`, or one of `known.KINDS`.
        memory: folder in which measurements are kept; None measures backends each time, and
            chunks never.
        chunk_tokens: most padded tokens of a chunk; None for what the device is fast with.
    """

    backend: str = TORCH
    memory: Path | None = None
    chunk_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a measurement found.

    Attributes:
        texts_per_s: by backend; only those that could be loaded.
        at: when, as ISO 8601.
    """

    texts_per_s: Mapping[str, float]
    at: str

    @property
    def fastest(self) -> str:
        """The backend with the highest rate; torch of equals."""
        return max(self.texts_per_s, key=lambda name: (self.texts_per_s[name], name == TORCH))


TORCH_ALONE = Preference()

_MEASURED: TypeAdapter[Measured] = TypeAdapter(Measured)


def load_preferred(artifact: Artifact, *, device: str, threads: int, wanted: Preference) -> Network:
    """The network of an artifact, ready: by the backend that is wanted, or else by torch.

    It was warmed up, and makes of the golden texts what it made of them when training ended.

    Args:
        artifact: its parts are verified before they are parsed.
        device: as torch names it; backends are for the CPU.
        threads: of every library; 0 leaves each its own choice.
        wanted: which backend.

    Raises:
        ArtifactInvalid: as `load_network` and `check_golden`.
        Permanent: as `Network.logits`.
        Transient: as `load_network`.
    """
    name = TORCH if device != "cpu" else _named(artifact, threads, wanted)
    network = None if name == TORCH else _by_backend(artifact, name, threads)
    if network is None:
        name, network = (
            TORCH,
            _ready(artifact, load_network(artifact, device=device, threads=threads)),
        )
    if wanted.chunk_tokens is not None:
        network.chunk_tokens = wanted.chunk_tokens
    elif wanted.memory is not None:
        file = budget_file(artifact, name, device=device, threads=threads, memory=wanted.memory)
        if (found := budget.measured(network, file)) is not None:
            network.chunk_tokens = found.tokens
    return network


def budget_file(
    artifact: Artifact, backend: str, *, device: str, threads: int, memory: Path
) -> Path:
    """Where it is kept how large chunks of this network should be on a device of this machine."""
    config = artifact.read_json("config.json")
    return budget.file_of(memory, config, backend=backend, device=device, threads=threads)


def remembered(artifact: Artifact, threads: int, memory: Path) -> Measured | None:
    """What was measured for an artifact on this machine; None when nothing was."""
    return recall(_file(artifact, threads, memory), _MEASURED)


def _by_backend(artifact: Artifact, name: str, threads: int) -> Network | None:
    """The network by a backend, ready; None, and a line in the log, where that cannot be."""
    try:
        backend = load_backend(artifact, name, threads)
        plain = load_network(artifact, device="cpu", threads=threads, backend=backend)
        return _ready(artifact, plain)
    except PointsmanError as error:
        _log.warning("backend_unavailable", backend=name, cause=str(error))
        return None


def _named(artifact: Artifact, threads: int, wanted: Preference) -> str:
    if wanted.backend != AUTO:
        return wanted.backend
    if not carried(artifact):
        return TORCH
    known = wanted.memory and remembered(artifact, threads, wanted.memory)
    measured = known or _measure(artifact, threads)
    is_whole = len(measured.texts_per_s) == 1 + len(carried(artifact))
    if wanted.memory is not None and known is None and is_whole:  # else one may come back
        keep(_file(artifact, threads, wanted.memory), measured)
    return measured.fastest


def _measure(artifact: Artifact, threads: int) -> Measured:
    """By turns, the best of some rounds of each, so that a busy moment decides nothing."""
    networks = dict(_loadable(artifact, threads))
    best = dict.fromkeys(networks, float("inf"))
    for _ in range(_ROUNDS):
        for name, network in networks.items():
            best[name] = min(best[name], _seconds(network))
    texts = sum(count for count, _ in _CHUNKS)
    rates = {name: round(texts / seconds, 1) for name, seconds in best.items()}
    _log.info("backends_measured", **rates)
    return Measured(texts_per_s=rates, at=datetime.now(UTC).isoformat(timespec="seconds"))


def _loadable(artifact: Artifact, threads: int) -> Iterator[tuple[str, Network]]:
    plain = load_network(artifact, device="cpu", threads=threads)
    yield TORCH, _ready(artifact, plain)
    for name in carried(artifact):
        if (network := _by_backend(artifact, name, threads)) is not None:
            yield name, network


def _ready(artifact: Artifact, network: Network) -> Network:
    network.warm_up()
    check_golden(artifact, network)
    return network


def _seconds(network: Network) -> float:
    began = time.perf_counter()
    for count, length in _CHUNKS:
        network.logits([[0] * min(length, network.tokenizer.max_length)] * count)
    return time.perf_counter() - began


def _file(artifact: Artifact, threads: int, memory: Path) -> Path:
    return memory / f"{artifact.version}-{machine(threads)}.json"
