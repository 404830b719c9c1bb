"""The rungs of the ladder behind one face: texts are prepared, then scored chunk by chunk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from classifier.artifacts import Artifact
from classifier.keywords import KeywordModel
from classifier.linear import LinearModel
from classifier.transformer import Network
from core.types import Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Texts made ready for `Scorer.score`.

    Attributes:
        items: one opaque value a text, in order.
        tokens: what each costs on the device.
        truncated: how many texts were longer than the scorer reads.
        budget: most of them that should be scored at once.
    """

    items: list[Any]
    tokens: list[int]
    truncated: int = 0
    budget: int = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerVersions:
    """What a decision records of the scorer that it used; None where it has no such part."""

    model: str | None = None
    calibration: str | None = None


class Scorer(Protocol):
    """Something that gives every label of a text a score in [0, 1].

    `prepare` may run beside `score`; `score` runs in one thread at a time. Both keep length and
    order.
    """

    @property
    def rung(self) -> Rung:
        """Where on the ladder it stands."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Label order of the scores."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The score from which each label counts as predicted."""

    @property
    def versions(self) -> ScorerVersions:
        """What decisions record."""

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """Makes texts ready, off the device."""

    def score(self, items: Sequence[Any]) -> NDArray[np.float32]:
        """Scores in [0, 1], shape (b, l)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkScorer:
    """The network, on the worker's device or on the CPU."""

    network: Network
    rung: Rung
    artifact: Artifact

    @property
    def labels(self) -> tuple[str, ...]:
        """Label order of the scores."""
        return self.network.labels

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The artifact's thresholds."""
        return self.network.thresholds

    @property
    def versions(self) -> ScorerVersions:
        """The artifact's versions."""
        return ScorerVersions(
            model=self.artifact.version,
            calibration=self.network.calibration_version,
        )

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """Token ids, and how many of them the device has to read."""
        encoded = self.network.tokenizer.encode(texts)
        costs = self.network.costs(encoded.token_ids)
        return Prepared(
            items=encoded.token_ids,
            tokens=costs,
            truncated=encoded.truncated,
            budget=self.network.chunk_tokens,
        )

    def score(self, items: Sequence[Any]) -> NDArray[np.float32]:
        """One pass through the device."""
        return self.network.scores(self.network.logits(items))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextScorer:
    """The linear model or the keyword rules: they read the text itself."""

    model: LinearModel | KeywordModel
    rung: Rung
    versions: ScorerVersions

    @property
    def labels(self) -> tuple[str, ...]:
        """Label order of the scores."""
        return self.model.labels

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The model's own thresholds."""
        return self.model.thresholds

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """The texts as they are, each at the cost of one token."""
        return Prepared(items=list(texts), tokens=[1] * len(texts))

    def score(self, items: Sequence[Any]) -> NDArray[np.float32]:
        """Scores on the CPU."""
        return self.model.predict(items)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoScorer:
    """The last rung: no label is known, so every ticket goes to the default department."""

    rung: Rung = Rung.DEFAULT
    labels: tuple[str, ...] = ()
    thresholds: Mapping[str, float]
    versions: ScorerVersions = ScorerVersions()

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """Nothing to make ready."""
        return Prepared(items=list(texts), tokens=[1] * len(texts))

    def score(self, items: Sequence[Any]) -> NDArray[np.float32]:
        """An empty row a ticket."""
        return np.zeros((len(items), 0), dtype=np.float32)
