"""Scorers that do as they are told, for tests that need no network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.types import Rung
from router.parse import parse_ruleset
from router.rulebook import compile_rulebook
from worker.host import Serving
from worker.scorers import Prepared, Scorer, ScorerVersions

VERSIONS = ScorerVersions(model="m", calibration="c")


@dataclass(frozen=True, kw_only=True)
class FakeScorer:
    """Scores every text 0.9 for `delivery`; `fails` may raise for a batch of texts."""

    rung: Rung = Rung.MODEL
    labels: tuple[str, ...] = ("delivery", "refund")
    thresholds: Mapping[str, float] = field(default_factory=dict)
    versions: ScorerVersions = VERSIONS
    fails: Callable[[Sequence[str]], None] = lambda _texts: None

    def prepare(self, texts: Sequence[str]) -> Prepared:
        return Prepared(items=list(texts), tokens=[max(1, len(text)) for text in texts])

    def score(self, items: Sequence[Any]) -> NDArray[np.float32]:
        self.fails(items)
        return np.array([[0.9, 0.1]] * len(items), dtype=np.float32)


RULES = {
    "default_department": "service-desk",
    "rules": [
        {"id": "parcels", "order": 1, "when": {"label": "delivery"}, "then": {"primary": "orders"}}
    ],
}


def serving(scorer: Scorer | None = None) -> Serving:
    rulebook = compile_rulebook(parse_ruleset(RULES))
    return Serving(scorer=scorer or FakeScorer(), rulebook=rulebook, ruleset_version=3)
