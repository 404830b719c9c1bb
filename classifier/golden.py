"""The golden batch: fixed texts with what the network made of them when training ended.

Signatures and hashes say that files are those which the trainer wrote. That the numbers which come
out here are those which came out there, through this tokenizer, library and device, only a run
says: a worker makes it after loading and before it serves.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from classifier.artifacts import Artifact
from core.errors import ArtifactInvalid

GOLDEN = "golden.json"
TEXTS = (
    "Where is my parcel?",
    "I was charged twice for order 4711. Please refund EUR 39.90 to my card.",
    "Ich kann mich nicht anmelden, das Passwort wird abgelehnt.",
    "请问什么时候发货？ 返品したいです。",  # noqa: RUF001  (as people write it)
    "😀🔥 WHY???\n\n> on Monday you wrote:\n> it ships tomorrow",
    " ".join(f"Step {n}: the printer on floor {n % 7} reports error {n * 37}." for n in range(60)),
)
"""Short and long, five scripts, numbers, quoted lines, and one that every encoder cuts."""

# Between two machines the order of sums differs, which moves a logit by some 1e-5 of its size. In
# bf16 a number has 8 significant bits, so a layer's output is off by up to 0.4 %, and through six
# layers of MiniLM logits were off by up to 3 % of their size on these texts. What this is to find
# (other weights, another tokenizer, another order of labels) moves them by whole units.
TOLERANCE = {"fp32": 1e-3, "bf16": 0.15}
_DECIMALS = 4  # of logits that are written; finer ones are the machine's and not the model's
# Of what is not told apart here; an exported backend was measured on whole data sets before.
LOOSE = 1.0


class Logits(Protocol):
    """What can be held against a golden batch."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Label order."""

    @property
    def precision(self) -> str:
        """`fp32`, `bf16`, or another."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text."""

    def logits(self, token_ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Raw scores, shape (b, l)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Golden:
    """Texts, b of them, and their logits, shape (b, l)."""

    texts: tuple[str, ...]
    logits: NDArray[np.float32]

    @classmethod
    def of(cls, network: Logits) -> "Golden":
        """What a network makes of `TEXTS`; it should compute in fp32."""
        return cls(texts=TEXTS, logits=_logits(network, TEXTS).round(_DECIMALS))

    def save(self, folder: Path) -> None:
        """Writes `golden.json`."""
        fields = {"texts": self.texts, "logits": self.logits.tolist()}
        (folder / GOLDEN).write_text(json.dumps(fields, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def parse(cls, value: Any, labels: Sequence[str]) -> "Golden":
        """Reads what `save` wrote.

        Raises:
            ArtifactInvalid: it is something else, or of other labels.
        """
        try:
            texts = tuple(str(text) for text in value["texts"])
            logits = np.asarray(value["logits"], dtype=np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactInvalid(f"{GOLDEN} holds no texts with logits") from error
        if logits.shape != (len(texts), len(labels)) or not np.isfinite(logits).all():
            raise ArtifactInvalid(f"{GOLDEN} does not fit the labels")
        return cls(texts=texts, logits=logits)


def check_golden(artifact: Artifact, network: Logits) -> None:
    """Has a loaded network score the golden batch of its artifact; older ones have none.

    Raises:
        ArtifactInvalid: it makes something else of the texts than it did when training ended.
        Transient: the device's memory ran out.
        Permanent: the device failed.
    """
    if not artifact.has(GOLDEN):
        return
    golden = Golden.parse(artifact.read_json(GOLDEN), network.labels)
    apart = np.abs(_logits(network, golden.texts) - golden.logits)  # (b, l)
    allowed = TOLERANCE.get(network.precision, LOOSE) * np.maximum(1, np.abs(golden.logits))
    if (apart > allowed).any():
        raise ArtifactInvalid(
            f"{artifact.path.name} scores its golden texts otherwise than when it was trained: "
            f"a logit is off by {float(apart.max()):.3g} in {network.precision}"
        )


def _logits(network: Logits, texts: Sequence[str]) -> NDArray[np.float32]:
    """One text at a time, so that nothing depends on padding; shape (b, l)."""
    return np.vstack([network.logits([ids]) for ids in network.encode(texts)])
