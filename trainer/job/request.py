"""What can be asked of the trainer, and what it gives back."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from classifier.artifacts import Artifact
from classifier.content_id import object_id
from classifier.manifest import mark_file
from core.errors import Invalid
from router.ruleset import Ruleset
from trainer.data.dataset import Dataset


class Preset(StrEnum):
    """How much is learned anew, from a few examples' prototypes to several whole networks.

    `auto` stands for the highest of the others that data and device allow (`trainer.fit.ladder`).
    """

    COLD_START = "cold_start"
    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"
    AUTO = "auto"


# All but the longest pasted logs fit into 512 tokens. `fast` has them read by its lexical branch,
# and the encoder reads the start (`trainer.fit.fast.ENCODER_TOKENS`); the others have the encoder
# read head and tail.
MAX_LENGTH = {
    Preset.COLD_START: 256,
    Preset.FAST: 512,
    Preset.BALANCED: 256,
    Preset.BEST: 256,
}


EMBEDDINGS = "embeddings"  # folder of the state folder where features outlive trainings


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """One training.

    Attributes:
        data: labelled tickets, `.jsonl` or `.jsonl.gz`.
        out: folder of the artifact; must not hold anything else.
        val: labelled tickets that the network does not learn from; None takes a part of `data`.
        holdout: labelled tickets that nothing is learned from or chosen on, to report on; None
            takes a part of `data`, or of `val` crosswise.
        encoder: as `classifier.encoders.resolve_encoder` takes it.
        preset: one of `Preset`.
        seed: equal seeds and data give equal artifacts on one machine.
        max_length: most tokens of an input; None takes the preset's, or as many as the encoder
            has positions for.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: torch threads; 0 leaves torch's own choice.
        descriptions: label to what it is about; a label with too few tickets to be learned is
            served from that and what tickets it has, and `cold_start` learns from all of them.
        rules: what the report tries the answers on, to say how often the department is right.
        show_text: whether the report may quote tickets.
        embeddings: folder in which features of texts outlive the training; None for none.
        embeddings_mib: that it may take.
    """

    data: Path
    out: Path
    val: Path | None = None
    holdout: Path | None = None
    encoder: str = "minilm"
    preset: str = Preset.FAST.value
    seed: int = 0
    max_length: int | None = None
    device: str = "auto"
    threads: int = 0
    descriptions: Mapping[str, str] = field(default_factory=dict)
    rules: Ruleset | None = None
    show_text: bool = False
    embeddings: Path | None = None
    embeddings_mib: int = 512

    @property
    def how(self) -> Preset:
        """The preset.

        Raises:
            Invalid: there is none of this name.
        """
        try:
            return Preset(self.preset)
        except ValueError as error:
            known = " or ".join(Preset)
            raise Invalid("--preset", f"{self.preset!r} is not known", f"use {known}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOutcome:
    """What a training left.

    Attributes:
        artifact: opened.
        cached: it was there already, from an equal request on equal data.
        metrics: the content of its `metrics.json`.
    """

    artifact: Artifact
    cached: bool
    metrics: dict[str, Any]


def code_version() -> str:
    """The version of Pointsman."""
    return importlib.metadata.version("pointsman")


def request_id(request: TrainRequest, files: Sequence[Dataset | None], encoder: Path) -> str:
    """A content id that is equal when the result would be: data and weights count, paths do not.

    Args:
        request: settled.
        files: data, validation and holdout; None where there is none.
        encoder: folder with the weights.
    """
    weights = [mark_file(file).sha256 for file in sorted(encoder.glob("*.safetensors"))]
    return object_id(
        {
            "files": [file.digest if file else None for file in files],
            "encoder": [request.encoder, *weights],
            "preset": request.how.value,
            "descriptions": dict(request.descriptions),
            "seed": request.seed,
            "max_length": request.max_length,
            "code": code_version(),
        }
    )
