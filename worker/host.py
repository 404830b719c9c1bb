"""What this worker serves with, swapped as a whole while tickets flow.

A chunk keeps the `Serving` that it was encoded with, so no chunk ever mixes two models, and the
old model is freed when its last chunk is through.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import Connection, Engine

from classifier.backends.choice import TORCH_ALONE, Preference
from core.types import LabelLevel, Rung, TrialStage
from router.parse import parse_ruleset
from router.policy import Policy, make_policy, policy_object
from router.rulebook import Rulebook, compile_rulebook
from store.engine import one_moment, transaction
from store.models import model_versions, trials
from store.rules import rulesets, taxonomy
from worker.candidate import Candidate
from worker.ladder import Holds, climb, fingerprint
from worker.scorers import Scorer

_log = structlog.get_logger(__name__)
_BROKEN_FOR_S = 60

Climb = Callable[..., Scorer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One consistent set of everything that a decision depends on.

    Attributes:
        levels: what persons let labels do, where that is not the default.
        languages: that scores are trusted in; none for every one.
        policy: what follows from levels and languages for this scorer.
    """

    scorer: Scorer
    rulebook: Rulebook
    ruleset_version: int
    levels: Mapping[str, LabelLevel] = field(default_factory=dict)
    languages: Sequence[str] = ()
    policy: Policy = field(init=False)

    def __post_init__(self) -> None:
        policy = make_policy(self.scorer.thresholds, self.levels, self.languages)
        object.__setattr__(self, "policy", policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTrial:
    """The same with the version on trial, and which tickets it is for: `share` in [0, 1]."""

    serving: Serving
    stage: TrialStage
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the database says should serve, and what is tried beside it."""

    model: model_versions.ModelVersion | None
    trial: trials.Trial | None
    candidate: model_versions.ModelVersion | None
    keywords: dict[str, tuple[str, ...]]
    levels: dict[str, LabelLevel]
    ruleset: rulesets.Ruleset


class Host:
    """Holds the current `Serving` and brings it up to date.

    Args:
        engine: the database.
        device: `cpu` or `cuda:N`.
        threads: of each library; 0 leaves each its own choice.
        backend: what computes the network on a CPU.
        languages: that scores are trusted in; none for every one.
        climb: gives the best scorer there is; another one in tests.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        device: str,
        threads: int,
        backend: Preference = TORCH_ALONE,
        languages: Sequence[str] = (),
        climb: Climb = climb,
    ) -> None:
        self._engine = engine
        self._languages = languages
        self._holds = Holds(
            model=None, keywords={}, device=device, threads=threads, backend=backend
        )
        self._climb = climb
        self._lock = threading.Lock()
        self._broken: dict[Rung, float] = {}
        self._seen: object = None
        self._kept: set[str] = set()
        self._serving: Serving | None = None
        self._candidate = Candidate(self._holds)
        self._on_trial: OnTrial | None = None

    @property
    def serving(self) -> Serving:
        """What to serve with from now on; `refresh` must have run once."""
        assert self._serving is not None
        return self._serving

    @property
    def on_trial(self) -> OnTrial | None:
        """What is tried beside it from now on, if anything is and can serve."""
        return self._on_trial

    def refresh(self) -> None:
        """Loads what the database says should serve, where that changed since last time.

        Raises:
            Transient: the database is away.
        """
        served = transaction(self._engine, read_served)
        with self._lock:
            self._refresh_rules(served, self._refresh_scorer(served))
            self._keep_policy(self.serving.policy)
            self._refresh_trial(served)

    def step_down(self, broken: Scorer) -> Serving:
        """Leaves a scorer's rung for a while, because it failed on a text that is known good.

        A version on trial that fails so ends to be tried here; the active one takes its tickets.
        """
        with self._lock:
            if self._on_trial is not None and self._on_trial.serving.scorer is broken:
                self._candidate.drop(broken)
                self._on_trial = None
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
                return self._note(seen, self._next_scorer())
            self._seen = seen
        return self.serving.scorer

    def _still_serves(self, served: Served) -> bool:
        """Whether the network in memory is the one wanted: what is on disk cannot change it."""
        if self._serving is None or served.model is None:
            return False
        scorer = self._serving.scorer
        return scorer.rung is Rung.MODEL and scorer.versions.model == served.model.version

    def _next_scorer(self) -> Scorer:
        """The best there is; a network in memory serves on rather than a rung below a new one.

        It is left when its own rung failed, and when nothing should serve any more.
        """
        found = self._best_scorer()
        kept = None if self._serving is None else self._serving.scorer
        wanted = self._holds.model
        if wanted is None or kept is None or kept.rung is not Rung.MODEL:
            return found
        if not found.rung.is_degraded or Rung.MODEL in self._broken_now():
            return found
        _log.error("model_refused", model=wanted.version, serving=kept.versions.model)
        return kept

    def _note(self, seen: object, scorer: Scorer) -> Scorer:
        self._seen = seen
        _log.info("serving", rung=scorer.rung, model=scorer.versions.model)
        return scorer

    def _refresh_rules(self, served: Served, scorer: Scorer) -> None:
        current, ruleset = self._serving, served.ruleset
        if current is None or current.ruleset_version != ruleset.version:
            _log.info("rules", ruleset=ruleset.version)
            rulebook = compile_rulebook(parse_ruleset(ruleset.document))
        else:
            rulebook = current.rulebook
        self._serving = Serving(
            scorer=scorer,
            rulebook=rulebook,
            ruleset_version=ruleset.version,
            levels=served.levels,
            languages=self._languages,
        )

    def _refresh_trial(self, served: Served) -> None:
        """Comes last: whatever a version on trial is like, the active one is followed first."""
        scorer = self._candidate.follow(served.candidate)
        if served.trial is None or scorer is None:
            self._on_trial = None
            return
        serving = replace(self.serving, scorer=scorer)
        self._keep_policy(serving.policy)
        self._on_trial = OnTrial(
            serving=serving, stage=served.trial.stage, share=served.trial.share
        )

    def _best_scorer(self) -> Scorer:
        return self._climb(self._holds, broken=self._broken_now())

    def _broken_now(self) -> frozenset[Rung]:
        now = time.monotonic()
        return frozenset(rung for rung, until in self._broken.items() if until > now)

    def _folder_mark(self, served: Served) -> object:
        return None if served.model is None else fingerprint(served.model.path)

    def _keep_policy(self, policy: Policy) -> None:
        """Stores what thresholds and levels a decision's version stands for, once each."""
        if policy.version not in self._kept:
            transaction(
                self._engine,
                lambda c: model_versions.keep_thresholds(c, policy.version, policy_object(policy)),
            )
            self._kept.add(policy.version)


def read_served(connection: Connection) -> Served:
    """Reads in one go what should serve; labels, rules and model always of one moment."""
    one_moment(connection)
    ruleset = rulesets.active(connection)
    assert ruleset is not None, "the first migration activates one"
    labels = taxonomy.labels(connection)
    trial = trials.current(connection)
    beside = None if trial is None or trial.stage is TrialStage.PROBATION else trial
    return Served(
        model=model_versions.active(connection),
        trial=beside,
        candidate=model_versions.registered(connection, beside.version) if beside else None,
        keywords={label.name: label.keywords for label in labels},
        levels={label.name: label.level for label in labels if label.level != LabelLevel()},
        ruleset=ruleset,
    )
