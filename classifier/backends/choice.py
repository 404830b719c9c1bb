"""Which backend serves: the one that is fastest here, measured once for a machine and an artifact.

A backend is only ever a faster way to the same answers, so whatever is wrong with one ends in
torch. What was measured is kept in the state folder and tells `pointsman doctor` why.
"""

import hashlib
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import structlog
from pydantic import TypeAdapter, ValidationError

from classifier.artifacts import Artifact
from classifier.backends.known import TORCH, carried, load_backend
from classifier.content_id import object_id
from classifier.golden import check_golden
from classifier.transformer import Network, load_network
from core.errors import PointsmanError

_log = structlog.get_logger(__name__)
AUTO = "auto"
# Texts of these many tokens: what a chunk of short tickets, of middling and of long ones holds.
_CHUNKS = ((32, 24), (24, 64), (6, 256))
_ROUNDS = 3
_LIBRARIES = ("torch", "onnxruntime", "openvino")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What is wanted.

    Attributes:
        backend: `auto`, `torch`, or one of `known.KINDS`.
        memory: folder in which measurements are kept; None measures each time.
    """

    backend: str = TORCH
    memory: Path | None = None


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
    if name != TORCH:
        try:
            return _ready(
                artifact,
                load_network(
                    artifact,
                    device=device,
                    threads=threads,
                    backend=load_backend(artifact, name, threads),
                ),
            )
        except PointsmanError as error:
            _log.warning("backend_unavailable", backend=name, cause=str(error))
    return _ready(artifact, load_network(artifact, device=device, threads=threads))


def remembered(artifact: Artifact, threads: int, memory: Path) -> Measured | None:
    """What was measured for an artifact on this machine; None when nothing was."""
    try:
        return _MEASURED.validate_json(_file(artifact, threads, memory).read_bytes())
    except (OSError, ValidationError):
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
        _remember(_file(artifact, threads, wanted.memory), measured)
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
    for name in (TORCH, *carried(artifact)):
        try:
            backend = None if name == TORCH else load_backend(artifact, name, threads)
            plain = load_network(artifact, device="cpu", threads=threads, backend=backend)
            network = _ready(artifact, plain)
        except PointsmanError as error:
            if name == TORCH:
                raise
            _log.warning("backend_unavailable", backend=name, cause=str(error))
        else:
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
    return memory / f"{artifact.version}-{_machine(threads)}.json"


def _machine(threads: int) -> str:
    """A short name of what speed depends on."""
    versions = {}
    for name in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return object_id([_processor(), os.cpu_count(), threads, versions])


def _processor() -> str:
    """What the kernel calls the processor and what it can do, as one hash."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    told = sorted({line for line in lines if line.startswith(("model name", "flags"))})
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _remember(file: Path, measured: Measured) -> None:
    """Written whole; where it cannot be, the next start measures again."""
    aside = file.with_name(f"{file.name}.{uuid4().hex}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(asdict(measured)), encoding="utf-8")
        aside.replace(file)
    except OSError as error:
        _log.warning("measurement_not_kept", cause=error.strerror)
