"""Q5: what a model loses that is served quantized, against its teacher.

The model is trained on a public set and exported with each backend that installs here, as
`pointsman export` does it; the backend that loses least counts. The teacher is the same network in
float32 and, where the model was distilled (`BENCH_PRESET=best`, hours without a GPU), the ensemble
that taught it; what the student loses to that is told by its training, on validation rows.
"""

import gzip
import os
import shutil
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.data import LabelledSet, needed_set
from benchmarks.machine import commit
from benchmarks.size import scaled
from classifier.artifacts import Artifact
from classifier.backends.known import KINDS
from core.errors import Permanent
from core.settings import load_settings
from trainer.exporting.export import MAX_LOSS, ExportRequest, export
from trainer.exporting.measured import Loss
from trainer.job.request import TrainRequest
from trainer.run import train

PRESET = os.environ.get("BENCH_PRESET", "fast")
THREADS = 2
TEST_ROWS = 2000


def run() -> dict[str, Any]:
    """Trains, exports, measures; what was trained at a commit is kept in the state folder."""
    data = needed_set("sumo_firefox")
    folder = load_settings().state_dir / "benchmarks" / f"q5-{commit()}-{PRESET}"
    folder.mkdir(parents=True, exist_ok=True)
    request = TrainRequest(
        data=_head(data.train, folder / "train.jsonl.gz", scaled(100_000, 400)),
        val=_head(data.val, folder / "val.jsonl.gz", scaled(100_000, 200)),
        out=folder / "model",
        preset=PRESET,
        device="cpu",
        threads=THREADS,
    )
    artifact = train(request).artifact
    losses = dict(_losses(artifact, request, data, folder))
    if not losses:
        raise Permanent("no backend is installed, or each lost too much; see the extra `onnx`")
    name, least = min(losses.items(), key=lambda item: item[1].worst)
    taught = _taught(artifact)
    worst = max(least.worst, taught or 0.0)
    return {
        "id": "Q5",
        "value": round(least.macro_f1, 4),
        "unit": f"macro-F1, {PRESET}, {name}",
        "peer": "its teacher, float32",
        "peer_value": round(least.torch_macro_f1, 4),
        "ratio": round(least.macro_f1 / max(least.torch_macro_f1, 1e-9), 4),
        "target": f"≤ {MAX_LOSS * 100:g} points lost",
        "met": worst <= MAX_LOSS,
        "data": data.name,
        "detail": {
            "lost_to_ensemble_on_validation": taught,
            **{name: asdict(loss) for name, loss in losses.items()},
        },
    }


def _losses(
    artifact: Artifact, request: TrainRequest, data: LabelledSet, folder: Path
) -> list[tuple[str, Loss]]:
    found = []
    test = _head(data.test, folder / "test.jsonl.gz", scaled(TEST_ROWS, 200))
    for name in KINDS:
        out = folder / name
        shutil.rmtree(out, ignore_errors=True)
        wanted = ExportRequest(
            model=artifact.path,
            backend=name,
            data=test,
            told=True,
            texts=request.val,
            out=out,
            threads=THREADS,
        )
        try:
            found.append((name, export(wanted).loss))
        except Permanent:  # not installed, or refused
            continue
    return found


def _taught(artifact: Artifact) -> float | None:
    """What the student lost to the ensemble, in macro-F1; None where there was none."""
    told = artifact.manifest.facts.training
    return told["ensemble"] - told["student"] if "ensemble" in told else None


def _head(source: Path, target: Path, most: int) -> Path:
    """The first lines of a packed file, packed."""
    with gzip.open(source, "rb") as lines, gzip.open(target, "wb") as kept:
        kept.writelines(islice(lines, most))
    return target
