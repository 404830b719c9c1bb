"""What this worker serves with, swapped as a whole while tickets flow.

A chunk keeps the `Serving` that it was encoded with, so no chunk ever mixes two models, and the
old model is freed when its last chunk is through.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection, Engine

from core.types import Rung
from router.parse import parse_ruleset
from router.rulebook import Rulebook, compile_rulebook
from store import model_versions, rulesets, taxonomy
from store.engine import transaction
from worker.ladder import Holds, climb, fingerprint
from worker.scorers import Scorer

_log = structlog.get_logger(__name__)
_BROKEN_FOR_S = 60

Climb = Callable[..., Scorer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One consistent set of everything that a decision depends on."""

    scorer: Scorer
    rulebook: Rulebook
    ruleset_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the database says should serve."""

    model: model_versions.ModelVersion | None
    keywords: dict[str, tuple[str, ...]]
    ruleset: rulesets.Ruleset


class Host:
    """Holds the current `Serving` and brings it up to date.

    Args:
        engine: the database.
        device: `cpu` or `cuda:N`.
        threads: torch threads; 0 leaves torch's own choice.
        climb: gives the best scorer there is; another one in tests.
    """

    def __init__(self, engine: Engine, *, device: str, threads: int, climb: Climb = climb) -> None:
        self._engine = engine
        self._holds = Holds(model=None, keywords={}, device=device, threads=threads)
        self._climb = climb
        self._lock = threading.Lock()
        self._broken: dict[Rung, float] = {}
        self._seen: object = None
        self._serving: Serving | None = None

    @property
    def serving(self) -> Serving:
        """What to serve with from now on; `refresh` must have run once."""
        assert self._serving is not None
        return self._serving

    def refresh(self) -> None:
        """Loads what the database says should serve, where that changed since last time.

        Raises:
            Transient: the database is away.
        """
        served = transaction(self._engine, read_served)
        with self._lock:
            self._refresh_rules(served.ruleset, self._refresh_scorer(served))

    def step_down(self, broken: Scorer) -> Serving:
        """Leaves a scorer's rung for a while, because it failed on a text that is known good."""
        with self._lock:
            if self.serving.scorer is broken:
                _log.error("rung_broken", rung=broken.rung)
                self._broken[broken.rung] = time.monotonic() + _BROKEN_FOR_S
                self._serving = replace(self.serving, scorer=self._best_scorer())
            return self.serving

    def _refresh_scorer(self, served: Served) -> Scorer:
        seen = (served.model, served.keywords, self._folder_mark(served), self._broken_now())
        if seen != self._seen:
            self._holds = replace(self._holds, model=served.model, keywords=served.keywords)
            if not self._still_serves(served):
                return self._note(seen, self._best_scorer())
            self._seen = seen
        return self.serving.scorer

    def _still_serves(self, served: Served) -> bool:
        """Whether the network in memory is the one wanted: what is on disk cannot change it."""
        if self._serving is None or served.model is None:
            return False
        scorer = self._serving.scorer
        return scorer.rung is Rung.MODEL and scorer.versions.model == served.model.version

    def _note(self, seen: object, scorer: Scorer) -> Scorer:
        self._seen = seen
        _log.info("serving", rung=scorer.rung, model=scorer.versions.model)
        self._keep_thresholds(scorer)
        return scorer

    def _refresh_rules(self, ruleset: rulesets.Ruleset, scorer: Scorer) -> None:
        current = self._serving
        if current is None or current.ruleset_version != ruleset.version:
            _log.info("rules", ruleset=ruleset.version)
            rulebook = compile_rulebook(parse_ruleset(ruleset.document))
        else:
            rulebook = current.rulebook
        self._serving = Serving(scorer=scorer, rulebook=rulebook, ruleset_version=ruleset.version)

    def _best_scorer(self) -> Scorer:
        return self._climb(self._holds, broken=self._broken_now())

    def _broken_now(self) -> frozenset[Rung]:
        now = time.monotonic()
        return frozenset(rung for rung, until in self._broken.items() if until > now)

    def _folder_mark(self, served: Served) -> object:
        return None if served.model is None else fingerprint(served.model.path)

    def _keep_thresholds(self, scorer: Scorer) -> None:
        version = scorer.versions.thresholds
        if version is not None:
            transaction(
                self._engine,
                lambda c: model_versions.keep_thresholds(c, version, scorer.thresholds),
            )


def read_served(connection: Connection) -> Served:
    """Reads in one go what should serve."""
    ruleset = rulesets.active(connection)
    assert ruleset is not None, "the first migration activates one"
    return Served(
        model=model_versions.active(connection),
        keywords={label.name: label.keywords for label in taxonomy.labels(connection)},
        ruleset=ruleset,
    )
