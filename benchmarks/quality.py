"""Q1 to Q3: what the presets reach on two public sets, beside the linear model of the same run.

Thresholds, calibration and early stopping come from `val`; `test` is read once, for the figure.
Minutes are CPU time by the number of cores; the clock's stand beside them, since a neighbour on
the machine lengthens those and hardly the others. What was trained at a commit is kept in the state
folder, so that a figure of several trainings goes on after a stop and two figures share one.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Any

from benchmarks.data import LabelledSet, needed_set
from benchmarks.machine import commit
from benchmarks.meter import Meter
from core.settings import load_settings
from trainer.job.request import Preset, TrainRequest
from trainer.measure.evaluate import evaluate
from trainer.run import train

SUMO, GOEMOTIONS = "sumo_firefox", "goemotions"
MAX_ECE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One training with its figures on `test`.

    Attributes:
        figures: as `trainer.measure.evaluate.evaluate` gives them.
        cpu_minutes: CPU time by the number of cores.
        wall_minutes: by the clock.
    """

    seed: int
    figures: Mapping[str, Any]
    cpu_minutes: float
    wall_minutes: float


def goemotions_balanced() -> dict[str, Any]:
    """Q1: macro-F1 of `balanced`."""
    return _macro("Q1", GOEMOTIONS, Preset.BALANCED, target=0.515, minutes=40)


def goemotions_best() -> dict[str, Any]:
    """Q1 with `best`, which takes hours without a GPU."""
    return _macro("Q1-best", GOEMOTIONS, Preset.BEST, target=0.535, minutes=None)


def goemotions_fast() -> dict[str, Any]:
    """`fast` on the same, five seeds."""
    return _macro("Q1-fast", GOEMOTIONS, Preset.FAST, target=None, minutes=8, seeds=range(5))


def sumo_fast() -> dict[str, Any]:
    """Q2: macro-F1 of `fast` over the topics, five seeds."""
    return _topics("Q2-fast", Preset.FAST, target=0.525, minutes=8, seeds=range(5))


def sumo_balanced() -> dict[str, Any]:
    """Q2 with `balanced`."""
    return _topics("Q2-balanced", Preset.BALANCED, target=0.54, minutes=60)


def sumo_best() -> dict[str, Any]:
    """Q2 with `best`, which takes hours without a GPU."""
    return _topics("Q2-best", Preset.BEST, target=0.555, minutes=None)


def calibration() -> dict[str, Any]:
    """Q3: expected calibration error over all labels on both sets, the larger one counts."""
    trained = {name: _train(needed_set(name), Preset.FAST, 0) for name in (GOEMOTIONS, SUMO)}
    errors = {name: one.figures["ece"] for name, one in trained.items()}
    worst = max(errors.values())
    linear = max(one.figures["linear"]["ece"] for one in trained.values())
    return {
        "id": "Q3",
        "value": round(worst, 4),
        "unit": "ECE, the worse of both sets",
        "peer": "the linear model beside it",
        "peer_value": round(linear, 4),
        "ratio": round(worst / linear, 2),
        "target": f"<= {MAX_ECE}",
        "met": worst <= MAX_ECE,
        "ece": errors,
    }


def _macro(
    name: str,
    data: str,
    preset: Preset,
    *,
    target: float | None,
    minutes: float | None,
    seeds: Sequence[int] = (0,),
) -> dict[str, Any]:
    runs = [_train(needed_set(data), preset, seed) for seed in seeds]
    return _result(name, runs, lambda figures: float(figures["macro_f1"]), target, minutes) | {
        "preset": preset.value,
        "data": data,
    }


def _topics(
    name: str,
    preset: Preset,
    *,
    target: float,
    minutes: float | None,
    seeds: Sequence[int] = (0,),
) -> dict[str, Any]:
    """Macro-F1 over the labels of kind `topic`; every kind must be at least the linear model's."""
    runs = [_train(needed_set(SUMO), preset, seed) for seed in seeds]
    result = _result(name, runs, _topic_f1, target, minutes)
    kinds = {
        kind: {
            "ours": round(fmean(_kind_f1(run.figures, kind) for run in runs), 4),
            "linear": round(fmean(_kind_f1(run.figures["linear"], kind) for run in runs), 4),
        }
        for kind in runs[0].figures["by_label_group"]
    }
    never_under = all(kind["ours"] >= kind["linear"] for kind in kinds.values())
    return result | {
        "met": result["met"] and never_under,
        "kinds": kinds,
        "preset": preset.value,
        "data": SUMO,
    }


def _result(
    name: str,
    runs: Sequence[Trained],
    figure: Callable[[Mapping[str, Any]], float],
    target: float | None,
    minutes: float | None,
) -> dict[str, Any]:
    ours, linear = ([figure(side) for side in sides] for sides in _sides(runs))
    value, peer = fmean(ours), fmean(linear)
    slowest = max(run.cpu_minutes for run in runs)
    limits = [f">= {target}"] if target else []
    limits += [f"<= {minutes:g} min of CPU"] if minutes else []
    return {
        "id": name,
        "value": round(value, 4),
        "unit": "macro-F1",
        "peer": "the linear model beside it",
        "peer_value": round(peer, 4),
        "ratio": round(value / peer, 3),
        "target": " and ".join(limits) or "none",
        "met": value >= (target or 0) and (minutes is None or slowest <= minutes),
        "deviation": round(pstdev(ours), 4),
        "runs": [
            {
                "seed": run.seed,
                "macro_f1": round(one, 4),
                "micro_f1": round(run.figures["micro_f1"], 4),
                "ece": round(run.figures["ece"], 4),
                "cpu_minutes": round(run.cpu_minutes, 1),
                "wall_minutes": round(run.wall_minutes, 1),
            }
            for run, one in zip(runs, ours, strict=True)
        ],
    }


def _sides(runs: Sequence[Trained]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    return [run.figures for run in runs], [run.figures["linear"] for run in runs]


def _topic_f1(figures: Mapping[str, Any]) -> float:
    return _kind_f1(figures, "topic")


def _kind_f1(figures: Mapping[str, Any], kind: str) -> float:
    """Mean F1 of the labels of a kind, which stands before the colon of their names."""
    return fmean(
        of["f1"] for label, of in figures["per_label"].items() if label.startswith(f"{kind}:")
    )


def _train(data: LabelledSet, preset: Preset, seed: int) -> Trained:
    """Trains and measures; goes on where a training of the same that was stopped left off."""
    folder = load_settings().state_dir / "benchmarks" / commit() / f"{data.name}-{preset}-{seed}"
    kept = folder / "trained.json"
    if not kept.exists():
        request = TrainRequest(
            data=data.train, val=data.val, out=folder / "model", preset=preset.value, seed=seed
        )
        with Meter(folder) as meter:
            train(request)
        figures = dict(evaluate(request.out, data.test))
        shutil.rmtree(request.out)
        kept.write_text(
            json.dumps(
                {
                    "figures": figures,
                    "cpu_minutes": meter.cpu_s / 60 / (os.cpu_count() or 1),
                    "wall_minutes": meter.wall_s / 60,
                }
            )
        )
    return Trained(seed=seed, **json.loads(kept.read_text()))
