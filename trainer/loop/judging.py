"""A candidate before the gate: both models answer the same rows, and are timed in turn."""

import gzip
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from classifier.artifacts import Artifact
from classifier.labels import LabelSet
from classifier.scoring import Thresholds
from classifier.transformer import Network, load_network
from core.errors import Permanent
from trainer.data.dataset import Dataset, read_dataset
from trainer.loop.gate import Contender, GateLimits, GateOutcome, judge
from trainer.loop.snapshot import Side, read_names, rows_file
from trainer.measure.answers import Answers
from trainer.measure.evaluate import linear_answers

_MIB = 1024 * 1024
# The shortest of some turns is what a neighbour on the machine disturbed least.
_TIMED_TEXTS = 64
_TURNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """Where models are judged.

    Attributes:
        snapshot: whose holdout and newest slice they answer.
        device: they run on.
        threads: torch threads; 0 leaves torch's own choice.
        limits: of the gate.
    """

    snapshot: Path
    device: str
    threads: int
    limits: GateLimits


def try_candidate(candidate: Artifact, champion: Artifact | None, court: Court) -> GateOutcome:
    """Lets both answer what neither learned from, and judges.

    Raises:
        ArtifactInvalid: an artifact is incomplete or altered.
        Permanent: the snapshot has no holdout.
    """
    holdout, newest = (_rows(court.snapshot, side) for side in (Side.HOLDOUT, Side.NEWEST))
    if holdout is None:
        raise Permanent("the snapshot has no holdout: label more tickets")
    artifacts = [artifact for artifact in (candidate, champion) if artifact is not None]
    networks = [load_network(a, device=court.device, threads=court.threads) for a in artifacts]
    contenders = [
        Contender(
            holdout=_answers(network, holdout),
            newest=None if newest is None else _answers(network, newest),
            linear=linear_answers(artifact, holdout),
            latency_ms=latency_ms,
            memory_mb=(artifact.path / "model.safetensors").stat().st_size / _MIB,
        )
        for artifact, network, latency_ms in zip(
            artifacts, networks, _latencies_ms(networks, holdout.texts), strict=True
        )
    ]
    retired = read_names(court.snapshot).retired
    return judge(contenders[0], contenders[1] if champion else None, court.limits, retired)


def as_object(outcome: GateOutcome, against: str | None) -> dict[str, Any]:
    """JSON-ready; `against` is the version that it was compared with, if any."""
    return {**asdict(outcome), "against": against}


def _rows(snapshot: Path, side: Side) -> Dataset | None:
    """The rows of a side; None where it has none."""
    file = rows_file(snapshot, side)
    with gzip.open(file, "rb") as source:
        is_empty = not source.read(1)
    return None if is_empty else read_dataset(file)


def _answers(network: Network, rows: Dataset) -> Answers:
    truth = LabelSet(network.labels).binarise(rows.only(network.labels).labels)
    thresholds = Thresholds(by_label={label: network.thresholds[label] for label in network.labels})
    return Answers.of(truth, network.predict(rows.texts), thresholds)


def _latencies_ms(networks: Sequence[Network], texts: Sequence[str]) -> list[float]:
    """Milliseconds a text for each network, which take turns on the same texts.

    On a CPU of all cores together.
    """
    timed = texts[:_TIMED_TEXTS]
    turns = [[_seconds(network, timed) for network in networks] for _ in range(_TURNS)]
    return [min(times) * 1000 / len(timed) for times in zip(*turns, strict=True)]


def _seconds(network: Network, texts: Sequence[str]) -> float:
    # Of a CPU its own time, which a neighbour on the machine makes no longer.
    clock = time.process_time if network.device == "cpu" else time.perf_counter
    began = clock()
    network.predict(texts)
    return clock() - began
