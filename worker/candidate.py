"""The network on trial, beside the one that serves: loaded, kept, freed."""

import structlog

from store.models.model_versions import ModelVersion
from worker.ladder import Holds, fingerprint, load_model
from worker.scorers import Scorer

_log = structlog.get_logger(__name__)


class Candidate:
    """Holds the scorer of the version on trial, as long as there is one that works.

    Args:
        holds: device, threads and backend; of its model nothing is read.
    """

    def __init__(self, holds: Holds) -> None:
        self._place = holds
        self._seen: object = None
        self._scorer: Scorer | None = None

    def follow(self, model: ModelVersion | None) -> Scorer | None:
        """The scorer of a version on trial; None without a trial, or when it cannot serve.

        What cannot be loaded is tried again when its files change, and said once.
        """
        seen = None if model is None else (model, fingerprint(model.path))
        if seen != self._seen:
            self._seen = seen
            if not self._holds(model):
                self._scorer = None  # freed before the next is loaded
                self._scorer = None if model is None else self._load(model)
        return self._scorer

    def drop(self, scorer: Scorer) -> None:
        """Frees a scorer that failed while it served, until its files change."""
        if scorer is self._scorer:
            _log.error("trial_broken", model=scorer.versions.model)
            self._scorer = None

    def _holds(self, model: ModelVersion | None) -> bool:
        """Whether it is in memory: what is on disk cannot change it."""
        if model is None or self._scorer is None:
            return False
        return self._scorer.versions.model == model.version

    def _load(self, model: ModelVersion) -> Scorer | None:
        try:
            scorer = load_model(model, self._place)
        except Exception as error:  # a version on trial must not stop the one that serves
            _log.error("trial_not_served", model=model.version, cause=str(error))
            return None
        _log.info("on_trial", model=model.version)
        return scorer
