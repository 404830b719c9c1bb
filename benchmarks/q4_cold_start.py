"""Q4: label descriptions and eight tickets a label, against SetFit on the same encoder.

Both get the same tickets and answer the same test rows. SetFit is run as its paper has it (one
epoch over 20 pairs an example and kind, one logistic regression a label); it needs the package of
the extra `peers`. At its own cut of one half it names hardly any label, so it is given, of all cuts
for all labels, the one that suits it best on the very test rows. Ours is what `pointsman train
--preset cold_start` does, all of it. Seconds are of CPU.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.data import needed_set
from benchmarks.machine import commit
from classifier.encoders import BUNDLED, resolve_encoder
from classifier.labels import LabelSet
from classifier.transformer import load_network
from core.settings import load_settings
from trainer.data.dataset import Dataset, read_dataset
from trainer.job.request import Preset, TrainRequest
from trainer.run import train

TICKETS_A_LABEL, TEST_ROWS = 8, 2500
PAIRS_AN_EXAMPLE, BATCH = 20, 16
CUTS = np.arange(0.01, 1, 0.01)
KIND = {"goemotions": "", "sumo_firefox": "topic:"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Few tickets to learn from, many to answer."""

    labels: tuple[str, ...]
    few: Dataset
    test: Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Macro-F1 on the test rows, and the CPU seconds that the learning took."""

    macro_f1: float
    seconds: float


def run() -> dict[str, Any]:
    """One draw from each of the two sets; an hour of CPU, nearly all of it the peer's.

    Each side of each set is kept as it is done; a run that was stopped goes on with the next.
    """
    pairs = [
        (name, _kept(f"{name}-ours", _ours, task), _kept(f"{name}-peer", _setfit, task))
        for name, task in _tasks()
    ]
    ours = fmean(one.macro_f1 for _, one, _ in pairs)
    theirs = fmean(other.macro_f1 for *_, other in pairs)
    share = sum(one.seconds for _, one, _ in pairs) / sum(other.seconds for *_, other in pairs)
    return {
        "id": "Q4",
        "value": round(ours, 4),
        "unit": f"macro-F1, in {share:.3f} of the peer's CPU time",
        "peer": "SetFit, same encoder and tickets, at its best cut on the test rows",
        "peer_value": round(theirs, 4),
        "ratio": round(ours / theirs, 3),
        "target": ">= the peer's in <= 0.1 of its time",
        "met": ours >= theirs and share <= 0.1,
        "runs": [
            {"data": name, "ours": _object(one), "peer": _object(other)}
            for name, one, other in pairs
        ],
    }


def _tasks() -> Iterator[tuple[str, Task]]:
    for name, kind in KIND.items():
        yield name, _task(name, kind)


def _kept(name: str, learn: Callable[[Task], Side], task: Task) -> Side:
    """A side as it was done at this commit, or done now."""
    file = load_settings().state_dir / "benchmarks" / commit() / f"q4-{name}.json"
    if not file.exists():
        side = learn(task)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(side)))
    return Side(**json.loads(file.read_text()))


def _object(side: Side) -> Mapping[str, float]:
    return {"macro_f1": round(side.macro_f1, 4), "seconds": round(side.seconds, 1)}


def _task(name: str, kind: str) -> Task:
    """The first tickets of each label in a random order, which may have further labels."""
    data = needed_set(name)
    rows, test = (_of_kind(read_dataset(path), kind) for path in (data.train, data.test))
    labels = tuple(sorted(rows.positives()))
    chance = np.random.default_rng(0)
    chosen: dict[int, None] = {}
    missing = dict.fromkeys(labels, TICKETS_A_LABEL)
    for row in chance.permutation(len(rows)).tolist():
        if any(missing[label] for label in rows.labels[row]):
            chosen[row] = None
            for label in rows.labels[row]:
                missing[label] = max(0, missing[label] - 1)
    answered = np.sort(np.random.default_rng(0).permutation(len(test))[:TEST_ROWS]).tolist()
    return Task(labels=labels, few=_take(rows, list(chosen)), test=_take(test, answered))


def _of_kind(data: Dataset, kind: str) -> Dataset:
    names = [name for name in data.positives() if name.startswith(kind)]
    only = data.only(names)
    return _take(only, [row for row, labels in enumerate(only.labels) if labels])


def _take(data: Dataset, rows: Sequence[int]) -> Dataset:
    return Dataset(
        texts=tuple(data.texts[row] for row in rows), labels=tuple(data.labels[row] for row in rows)
    )


def _ours(task: Task) -> Side:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = _written(task.few, folder / "few.jsonl")
        few_again = _written(_take(task.few, range(2)), folder / "reported.jsonl")
        began = time.process_time()
        request = TrainRequest(
            data=few, val=few_again, out=folder / "model", preset=Preset.COLD_START.value
        )
        artifact = train(request).artifact
        seconds = time.process_time() - began
        network = load_network(artifact, device="cpu", threads=os.cpu_count() or 1)
        cuts = np.array([network.thresholds[label] for label in network.labels])
        predicted = network.predict(task.test.texts) >= cuts
        truth = LabelSet(network.labels).binarise(task.test.only(network.labels).labels)
    return Side(macro_f1=_macro_f1(truth, predicted, len(task.labels)), seconds=seconds)


def _setfit(task: Task) -> Side:
    from datasets import Dataset as Rows  # noqa: PLC0415  (the extra `peers`)
    from setfit import SetFitModel, Trainer, TrainingArguments  # noqa: PLC0415

    truth = LabelSet(task.labels).binarise(task.few.labels)
    began = time.process_time()
    model = SetFitModel.from_pretrained(
        str(resolve_encoder(BUNDLED)), multi_target_strategy="one-vs-rest"
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_epochs=1,
                num_iterations=PAIRS_AN_EXAMPLE,
                batch_size=BATCH,
                report_to="none",
            ),
            train_dataset=Rows.from_dict(
                {"text": list(task.few.texts), "label": truth.astype(int).tolist()}
            ),
        )
        trainer.train()
        seconds = time.process_time() - began
    scores = np.asarray(model.predict_proba(list(task.test.texts), as_numpy=True))
    answers = LabelSet(task.labels).binarise(task.test.labels)
    best = max(_macro_f1(answers, scores >= cut, len(task.labels)) for cut in CUTS)
    return Side(macro_f1=best, seconds=seconds)


def _macro_f1(truth: np.ndarray, predicted: np.ndarray, labels: int) -> float:
    """Over all labels; one that a side does not know counts as 0."""
    each = f1_score(truth, predicted, average=None, zero_division=0)
    return float(np.sum(each) / labels)


def _written(data: Dataset, file: Path) -> Path:
    lines = (
        json.dumps({"id": str(row), "subject": "", "body": text, "labels": list(labels)})
        for row, (text, labels) in enumerate(zip(data.texts, data.labels, strict=True))
    )
    file.write_text("\n".join(lines), encoding="utf-8")
    return file
