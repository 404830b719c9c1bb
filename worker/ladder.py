"""The degradation ladder: network on the device, on the CPU, linear model, keywords, default."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from classifier.artifacts import Artifact, open_artifact
from classifier.backends.choice import Preference, load_preferred
from classifier.keywords import KeywordModel
from classifier.linear import LinearModel
from core.errors import ArtifactInvalid, PointsmanError
from core.types import Rung
from store.models.model_versions import ModelVersion
from worker.scorers import NetworkScorer, NoScorer, Scorer, ScorerVersions, TextScorer

_log = structlog.get_logger(__name__)

Step = tuple[Rung, Callable[[], Scorer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """What the ladder stands on: the active model, the labels' keywords, and the device.

    Attributes:
        threads: of each library; 0 leaves each its own choice.
        backend: what computes the network on a CPU.
    """

    model: ModelVersion | None
    keywords: Mapping[str, Sequence[str]]
    device: str
    threads: int
    backend: Preference = field(default_factory=Preference)


def climb(holds: Holds, *, broken: frozenset[Rung] = frozenset()) -> Scorer:
    """The best scorer that loads; the last rung always does.

    Args:
        holds: what there is to stand on.
        broken: rungs that failed while serving and are left out.
    """
    for rung, load in steps(holds):
        if rung in broken:
            continue
        try:
            return load()
        except PointsmanError as error:
            _log.warning("rung_unavailable", rung=rung, cause=str(error))
    return NoScorer(thresholds={})


def steps(holds: Holds) -> Iterator[Step]:
    """The rungs that could be tried, best first, each with what loads it."""
    if holds.model is not None:
        model = holds.model
        yield Rung.MODEL, lambda: load_model(model, holds)
        if holds.device != "cpu":
            on_cpu = replace(holds, device="cpu")
            yield Rung.MODEL_CPU, lambda: _network(model, Rung.MODEL_CPU, on_cpu)
        yield Rung.LINEAR, lambda: _linear(model)
    if any(holds.keywords.values()):
        yield Rung.KEYWORDS, lambda: _keywords(holds.keywords)


def load_model(model: ModelVersion, holds: Holds) -> Scorer:
    """The network of a version on the device that is held, warmed up.

    Raises:
        ArtifactInvalid: its files are missing, altered, or those of another version.
        PointsmanError: the device cannot run it.
    """
    return _network(model, Rung.MODEL, holds)


def fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of an artifact's files: whether it is worth trying to load again."""
    try:
        marks = [(path.name, path.lstat()) for path in folder.iterdir()]
    except OSError:
        return ()
    return tuple(sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in marks))


def _network(model: ModelVersion, rung: Rung, holds: Holds) -> Scorer:
    artifact = _artifact(model)
    network = load_preferred(
        artifact, device=holds.device, threads=holds.threads, wanted=holds.backend
    )
    return NetworkScorer(network=network, rung=rung, artifact=artifact)


def _linear(model: ModelVersion) -> Scorer:
    linear = LinearModel.load(_artifact(model))
    versions = ScorerVersions(model=model.version, calibration=linear.calibration_version)
    return TextScorer(model=linear, rung=Rung.LINEAR, versions=versions)


def _keywords(keywords: Mapping[str, Sequence[str]]) -> Scorer:
    return TextScorer(model=KeywordModel(keywords), rung=Rung.KEYWORDS, versions=ScorerVersions())


def _artifact(model: ModelVersion) -> Artifact:
    """The artifact of a version, which must be the very one that was registered."""
    artifact = open_artifact(model.path)
    if artifact.version != model.version:
        raise ArtifactInvalid(f"{model.path} holds {artifact.version}, not {model.version}")
    return artifact
