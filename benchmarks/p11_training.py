"""P11: useful tokens a second of fine-tuning, against the tutorial's recipe on the same `Trainer`.

The peer is what the guide to text classification does: rows are tokenized by a map of 1,000 at a
time, each thousand padded to its longest row of at most 512 tokens, and trained in fp32 in batches
of 8. Both learn from the same rows for one epoch, one after the other, and are judged on the same
rows with thresholds chosen on them; tokens are those of the texts, without padding, cut to what
each side reads.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
)

from benchmarks.data import needed_set
from benchmarks.p1_predict import THREADS
from benchmarks.size import scaled
from classifier.architecture import MultilabelTransformer
from classifier.encoders import BUNDLED, resolve_encoder
from classifier.encoding import load_tokenizer
from classifier.scoring import sigmoid
from trainer.data.dataset import census, read_dataset
from trainer.fit.balanced import raw_logits
from trainer.fit.corpus import Corpus
from trainer.fit.finetune import Examples, Recipe, Run, finetune
from trainer.job.progress import Silent
from trainer.measure.metrics import measure
from trainer.operating.thresholds import choose_thresholds

ROWS, JUDGED = scaled(2000, 32), scaled(1000, 32)
MAX_LENGTH, PEER_MAX_LENGTH, PEER_MAP, PEER_BATCH = 256, 512, 1000, 8
TARGET_RATIO = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one way came to."""

    tokens_per_s: float
    macro_f1: float


def run() -> dict[str, Any]:
    """Trains both; takes some ten minutes at full size."""
    torch.set_num_threads(THREADS)
    data = needed_set("sumo_firefox")
    dataset = read_dataset(data.train)
    corpus = Corpus.of(dataset, census(dataset).kept)
    rows = np.random.default_rng(0).permutation(len(corpus.texts))
    train, judged = corpus.take(rows[:ROWS]), corpus.take(rows[ROWS : ROWS + JUDGED])
    ours, theirs = _ours(train, judged), _theirs(train, judged)
    ratio = ours.tokens_per_s / theirs.tokens_per_s
    return {
        "id": "P11",
        "value": round(ours.tokens_per_s),
        "unit": "useful tokens/s",
        "peer": f"the tutorial's recipe: fp32, {PEER_MAP} rows padded to their longest",
        "peer_value": round(theirs.tokens_per_s),
        "ratio": round(ratio, 2),
        "target": f"≥ {TARGET_RATIO:g} times",
        "met": ratio >= TARGET_RATIO,
        "data": data.name,
        "detail": {
            "rows": len(train.texts),
            "judged": len(judged.texts),
            "threads": THREADS,
            "macro_f1": round(ours.macro_f1, 4),
            "peer_macro_f1": round(theirs.macro_f1, 4),
        },
    }


def _ours(train: Corpus, judged: Corpus) -> Side:
    folder = resolve_encoder(BUNDLED)
    tokenizer = load_tokenizer(folder, MAX_LENGTH)
    torch.manual_seed(0)
    model = MultilabelTransformer.from_encoder(folder, train.labels)
    ids = tokenizer.encode(train.texts).token_ids
    with tempfile.TemporaryDirectory() as place:
        run_ = Run(folder=Path(place) / "checkpoints", seed=0, progress=Silent())
        began = time.perf_counter()
        examples = Examples(token_ids=ids, truth=train.truth)
        finetune(model, examples, None, Recipe(epochs=1), run_)
        seconds = time.perf_counter() - began
    logits = raw_logits(model, tokenizer, tokenizer.encode(judged.texts).token_ids, "cpu")
    return _side(ids, seconds, judged, logits)


def _theirs(train: Corpus, judged: Corpus) -> Side:
    folder = resolve_encoder(BUNDLED)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=len(train.labels), problem_type="multi_label_classification"
    )
    with tempfile.TemporaryDirectory() as place:
        trainer = Trainer(
            model=model,
            args=_peer_arguments(Path(place)),
            train_dataset=_mapped(tokenizer, train),
        )
        began = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - began
        logits = trainer.predict(_mapped(tokenizer, judged)).predictions
    ids = tokenizer(list(train.texts), truncation=True, max_length=PEER_MAX_LENGTH)["input_ids"]
    return _side(ids, seconds, judged, logits)


def _peer_arguments(folder: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=1,
        per_device_train_batch_size=PEER_BATCH,
        learning_rate=2e-5,
        weight_decay=0.01,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        seed=0,
    )


class _Mapped(Dataset[dict[str, Any]]):
    """Rows that lie ready."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> dict[str, Any]:
        return self._rows[place]


def _mapped(tokenizer: Any, corpus: Corpus) -> _Mapped:
    """Each thousand rows padded to their longest."""
    rows: list[dict[str, Any]] = []
    for start in range(0, len(corpus.texts), PEER_MAP):
        texts = list(corpus.texts[start : start + PEER_MAP])
        encoded = tokenizer(texts, padding=True, truncation=True, max_length=PEER_MAX_LENGTH)
        for place in range(len(texts)):
            row = {name: column[place] for name, column in encoded.items()}
            rows.append({**row, "labels": corpus.truth[start + place].astype(np.float32)})
    return _Mapped(rows)


def _side(ids: Sequence[Sequence[int]], seconds: float, judged: Corpus, logits: Any) -> Side:
    scores = sigmoid(np.asarray(logits))
    thresholds = choose_thresholds(judged.truth, scores, judged.labels)
    return Side(
        tokens_per_s=sum(map(len, ids)) / seconds,
        macro_f1=measure(judged.truth, scores, thresholds).macro_f1,
    )
