"""Two ticket files and an artifact to findings: the edge of the package."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.artifacts import Artifact, open_artifact
from classifier.linear import LinearModel
from classifier.scoring import Thresholds
from classifier.transformer import load_network
from trainer.drift.estimated import Quality, estimated_quality
from trainer.drift.files import TicketFile, read_ticket_file
from trainer.drift.findings import Finding, gravest, has_drifted
from trainer.drift.limits import Limits
from trainer.drift.watch import watch
from trainer.drift.window import Window
from trainer.measure.metrics import Metrics, measure

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRequest:
    """What is compared, and by what.

    Attributes:
        model: the artifact's folder.
        reference: tickets that the model did not learn from, of the time it was made for.
        current: tickets of now.
        fast: by the linear model, which takes seconds, instead of the network.
        device: as `classifier.transformer.load_network`.
        threads: torch threads; 0 leaves torch's own choice.
        limits: what counts as drift.
        seed: of the samples of texts.
    """

    model: Path
    reference: Path
    current: Path
    fast: bool = False
    device: str = "auto"
    threads: int = 0
    limits: Limits = field(default_factory=Limits)
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """One of the two files.

    Attributes:
        name: of the file.
        refused_lines: lines that are no tickets.
        window: its tickets as the model sees them.
        expected: quality by calibrated scores.
        measured: quality by labels, where every ticket has them; labels that the model does not
            know are left out.
    """

    name: str
    refused_lines: int
    window: Window
    expected: Quality
    measured: Metrics | None

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        known = self.measured
        return {
            "name": self.name,
            "n": len(self.window),
            "refused_lines": self.refused_lines,
            "expected": asdict(self.expected),
            "measured": known and {"micro_f1": known.micro_f1, "macro_f1": known.macro_f1},
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What a model sees of the way from one file to the other.

    Attributes:
        model: the artifact's name, for people.
        version: the artifact's content id.
        scored_by: `network` or `linear model`.
    """

    model: str
    version: str
    scored_by: str
    reference: Side
    current: Side
    findings: tuple[Finding, ...]

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "drifted": has_drifted(self.findings),
            "severity": gravest(self.findings),
            "version": self.version,
            "scored_by": self.scored_by,
            "reference": self.reference.as_object(),
            "current": self.current.as_object(),
            "findings": [finding.as_object() for finding in self.findings],
        }


def compare(request: DriftRequest, say: Say) -> Comparison:
    """Scores both files and watches the second against the first.

    Args:
        request: what to compare.
        say: is told each step.

    Raises:
        ArtifactInvalid: the artifact is incomplete or altered.
        Invalid: a file cannot be read or holds no ticket.
        Transient: the device's memory ran out.
        Permanent: the device failed.
    """
    artifact = open_artifact(request.model)
    files = [read_ticket_file(path) for path in (request.reference, request.current)]
    scorer = _linear(artifact) if request.fast else _network(artifact, request)
    reference, current = (_side(scorer, file, say) for file in files)
    say("Comparing")
    return Comparison(
        model=request.model.name,
        version=artifact.version,
        scored_by=scorer.name,
        reference=reference,
        current=current,
        findings=watch(
            reference.window, current.window, scorer.thresholds, request.limits, request.seed
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scorer:
    """What gives calibrated scores (b, l), and from where on they count, in label order."""

    name: str
    predict: Callable[[Sequence[str]], NDArray[np.floating[Any]]]
    thresholds: Thresholds


def _linear(artifact: Artifact) -> _Scorer:
    model = LinearModel.load(artifact)
    cutoffs = Thresholds(by_label={label: model.thresholds[label] for label in model.labels})
    return _Scorer(name="linear model", predict=model.predict, thresholds=cutoffs)


def _network(artifact: Artifact, request: DriftRequest) -> _Scorer:
    network = load_network(artifact, device=request.device, threads=request.threads)
    cutoffs = Thresholds(by_label={label: network.thresholds[label] for label in network.labels})
    return _Scorer(name="network", predict=network.predict, thresholds=cutoffs)


def _side(scorer: _Scorer, file: TicketFile, say: Say) -> Side:
    say(f"Scoring {len(file.texts)} tickets of {file.name} by the {scorer.name}")
    truth = file.truth(tuple(scorer.thresholds.by_label))
    window = Window(scores=scorer.predict(file.texts), texts=file.texts, truth=truth)
    return Side(
        name=file.name,
        refused_lines=file.refused_lines,
        window=window,
        expected=estimated_quality(window.scores, scorer.thresholds),
        measured=None if truth is None else measure(truth, window.scores, scorer.thresholds),
    )
