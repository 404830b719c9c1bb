"""`pointsman export`: an artifact with a faster backend beside its weights, or none at all.

The copy is an artifact of its own, with a version of its own, since what serves from it may score
a little otherwise. Weights stay in it: where the backend's library is missing or slower, torch
serves the same version.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shutil import copyfile
from typing import Any

from classifier.artifacts import Artifact, open_artifact, publish
from classifier.backends.known import kind_of
from classifier.backends.protocol import FOLDER, Backend
from classifier.golden import check_golden
from classifier.manifest import Facts
from classifier.transformer import Network, load_model, load_network
from core.errors import Invalid, Permanent
from trainer.data.dataset import read_dataset
from trainer.exporting.measured import Loss, loss_of

METRICS = "metrics.json"
MAX_LOSS = 0.005
"""Micro or macro-F1 that a backend may cost, in [0, 1]: half a point."""
_RANGE_TEXTS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """One export.

    Attributes:
        model: folder of the artifact; left as it is.
        backend: one of `classifier.backends.known.KINDS`.
        data: tickets that nothing was learned from, `.jsonl` or `.jsonl.gz`.
        told: whether their labels are those of the model's field; if not, the backend is held
            against what torch says of them.
        texts: tickets by which ranges of numbers are chosen; None takes `data`.
        out: folder to make.
        threads: of every library; 0 leaves each its own choice.
    """

    model: Path
    backend: str
    data: Path
    told: bool
    texts: Path | None
    out: Path
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export left: the new artifact, and what the backend costs and gives."""

    artifact: Artifact
    loss: Loss


def export(request: ExportRequest) -> Exported:
    """Builds a backend, measures it beside torch, and publishes a copy that carries it.

    Raises:
        Invalid: there is no such backend, the data cannot be read, or `out` is there already.
        ArtifactInvalid: the artifact is incomplete or altered.
        Permanent: the backend loses more than `MAX_LOSS`, or cannot be built; nothing is left.
    """
    kind = kind_of(request.backend)
    source = open_artifact(request.model)
    source.verify(*source.manifest.files)
    if request.out.exists() and (not request.out.is_dir() or any(request.out.iterdir())):
        raise Invalid("--out", "is there already", "name a folder that does not exist yet")
    dataset = read_dataset(request.data)
    ranges = read_dataset(request.texts).texts if request.texts else dataset.texts
    torch_way = load_network(source, device="cpu", threads=request.threads)
    with _aside(request.out) as staging:
        _copy(source, staging)
        folder = staging / FOLDER
        folder.mkdir(exist_ok=True)
        ids = torch_way.encode(ranges[:_RANGE_TEXTS])
        kind.build(load_model(source).eval(), ids, folder)
        files = {name: (folder / name).read_bytes() for name in kind.files}
        fast_way = _network(source, kind.load(files, request.threads), request.threads)
        check_golden(source, fast_way)
        loss = _allowed(request.backend, loss_of(torch_way, fast_way, dataset, told=request.told))
        _note(staging, source, request.backend, loss)
        artifact = publish(staging, request.out, _facts(source, request.backend))
    return Exported(artifact=artifact, loss=loss)


def _copy(source: Artifact, staging: Path) -> None:
    """Every file that the manifest lists."""
    for name in source.manifest.files:
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        copyfile(source.path / name, staging / name)


def _network(source: Artifact, backend: Backend, threads: int) -> Network:
    return load_network(source, device="cpu", threads=threads, backend=backend)


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """An empty folder on the file system of `out`; gone in the end, whatever became of it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        staging = Path(folder) / "staging"
        staging.mkdir(mode=0o755)
        yield staging


def _allowed(backend: str, loss: Loss) -> Loss:
    if loss.worst <= MAX_LOSS:
        return loss
    raise Permanent(
        f"{backend} loses {loss.worst * 100:.2f} points of F1 and {MAX_LOSS * 100:g} may go; "
        "nothing was written; serve the model by `torch`, or try another backend"
    )


def _note(staging: Path, source: Artifact, backend: str, loss: Loss) -> None:
    """Adds to `metrics.json`, under `backends`, what was measured."""
    metrics: dict[str, Any] = source.read_json(METRICS)
    metrics["backends"] = {**metrics.get("backends", {}), backend: asdict(loss)}
    text = json.dumps(metrics, indent=1, ensure_ascii=False)
    (staging / METRICS).write_text(f"{text}\n", encoding="utf-8")


def _facts(source: Artifact, backend: str) -> Facts:
    """Where it came from, `of` being the version that was copied.

    It is no longer what the request of a training gave, so it does not count as its result.
    """
    facts = source.manifest.facts
    training = {name: value for name, value in facts.training.items() if name != "request"}
    history = [*training.get("exports", ()), {"of": source.version, "backend": backend}]
    return replace(facts, training=training | {"exports": history})
