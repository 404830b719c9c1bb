"""What a loss buys on rare labels: one head fitted under each, compared at equal precision.

A higher recall is easily had by predicting more, and thresholds decide that, not losses. So each
variant is asked how many of a rare label's tickets it finds at one precision: the mean of those
that the variants have where their F1 is highest, so that none is favoured by the choice. All heads
stand on the same features and are judged on the same rows left out, so that nothing but the loss
differs. Shapes: b tickets, f features, l labels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from classifier.architecture import MultilabelTransformer
from classifier.encoding import load_tokenizer
from trainer.data.split import Rows
from trainer.fit.corpus import Corpus, Job
from trainer.fit.embeddings import Read, embed
from trainer.fit.fast import ENCODER_TOKENS
from trainer.fit.head import PENALTIES, fit_path, mean_average_precision
from trainer.fit.losses import LossName, make_loss
from trainer.fit.serving import serving_copy
from trainer.fit.weights import Weighting
from trainer.measure.metrics import ratio

# A fit of 4,000 rows takes a second on two cores, and there are some twenty.
MAX_ROWS = 4000
MIN_POSITIVES = 5
VARIANTS: Mapping[str, tuple[LossName, Weighting]] = MappingProxyType(
    {
        "plain": (LossName.BCE, Weighting.NONE),
        "weights by square root": (LossName.BCE, Weighting.SQRT),
        "weights by ratio": (LossName.BCE, Weighting.RATIO),
        "class-balanced": (LossName.CLASS_BALANCED, Weighting.NONE),
        "distribution-balanced": (LossName.DISTRIBUTION_BALANCED, Weighting.NONE),
        "focal": (LossName.FOCAL, Weighting.NONE),
        "asymmetric": (LossName.ASYMMETRIC, Weighting.NONE),
    }
)

Features = NDArray[np.float32]
Marks = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One loss; all figures in [0, 1], means over labels.

    Attributes:
        loss: and what its positives count as, in words.
        average_precision: over all labels that occur.
        rare_average_precision: over the rare ones.
        rare_recall: of the rare ones, at a precision that is the same for all variants.
    """

    loss: str
    average_precision: float
    rare_average_precision: float
    rare_recall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """What was compared.

    Attributes:
        rows: tickets that the heads were judged on.
        rare: labels that count as rare.
        precision: that `rare_recall` is taken at, in [0, 1], mean over the rare labels.
        variants: the plain one first; empty where no rare label had enough tickets.
    """

    rows: int
    rare: tuple[str, ...]
    precision: float
    variants: tuple[Variant, ...]


def sample(corpus: Corpus, seed: int) -> Rows:
    """The rows that the heads are fitted and judged on, ascending; all if they are few."""
    rows = len(corpus.texts)
    if rows <= MAX_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_ROWS, replace=False))


def frozen_features(corpus: Corpus, job: Job) -> Features:
    """What the encoder as it came makes of the start of each text, shape (b, f)."""
    tokenizer = load_tokenizer(job.encoder, min(job.max_length, ENCODER_TOKENS))
    model = MultilabelTransformer.from_encoder(job.encoder, corpus.labels).eval()
    read = Read(
        texts=corpus.texts,
        token_ids=tokenizer.encode(corpus.texts).token_ids,
        max_length=tokenizer.max_length,
        encoder=job.encoder,
    )
    return embed(serving_copy(model, job.device), read, job.kept, job.progress)


def ablate(corpus: Corpus, features: Features, seed: int) -> Ablation:
    """Fits a head under each loss to two thirds of the rows and judges it on the last.

    Rare are labels of the less frequent half, with at least `MIN_POSITIVES` tickets among the rows
    that are judged on.

    Args:
        corpus: b rows, as `sample` takes them.
        features: of a frozen encoder, shape (b, f).
        seed: of the split.
    """
    judged = corpus.folds(seed)[0]
    taught = np.setdiff1d(np.arange(len(corpus.texts)), judged)
    truth = corpus.truth[judged]
    rare = _rare(corpus.truth[taught], truth)
    if not rare.size:
        return Ablation(rows=len(judged), rare=(), precision=0.0, variants=())
    logits = {
        name: _logits(features, corpus.truth, (taught, judged), *variant)
        for name, variant in VARIANTS.items()
    }
    precision = np.array(
        [np.mean([_precision_at_best_f1(truth, z, i) for z in logits.values()]) for i in rare]
    )
    return Ablation(
        rows=len(judged),
        rare=tuple(corpus.labels[i] for i in rare),
        precision=float(precision.mean()),
        variants=tuple(_variants(logits, truth, rare, precision)),
    )


def _rare(taught: Marks, judged: Marks) -> NDArray[np.int64]:
    """Labels of the less frequent half that can be judged, by their places."""
    counts = taught.sum(axis=0, dtype=np.int64)
    enough = (judged.sum(axis=0, dtype=np.int64) >= MIN_POSITIVES) & (counts > 0)
    return np.flatnonzero(enough & (counts <= np.median(counts)))


def _logits(
    features: Features, truth: Marks, rows: tuple[Rows, Rows], loss: LossName, weighting: Weighting
) -> Features:
    """Raw scores of the rows judged on, by the head with the penalty that serves them best.

    Every variant may choose, since a loss that is smaller in all feels a penalty more.
    """
    taught, judged = rows
    made = make_loss(loss, truth[taught], weighting)
    path = fit_path(features[taught], truth[taught], PENALTIES, made)
    tried = [head.logits(features[judged]) for head in path]
    return max(tried, key=lambda logits: mean_average_precision(truth[judged], logits))


def _variants(
    logits: Mapping[str, Features],
    truth: Marks,
    rare: NDArray[np.int64],
    precision: NDArray[np.float64],
) -> Iterator[Variant]:
    for name, scores in logits.items():
        yield Variant(
            loss=name,
            average_precision=mean_average_precision(truth, scores),
            rare_average_precision=float(
                np.mean([average_precision_score(truth[:, i], scores[:, i]) for i in rare])
            ),
            rare_recall=float(
                np.mean(
                    [
                        _recall_at(truth[:, i], scores[:, i], least)
                        for i, least in zip(rare, precision, strict=True)
                    ]
                )
            ),
        )


def _precision_at_best_f1(truth: Marks, scores: Features, label: int) -> float:
    precision, recall, _ = precision_recall_curve(truth[:, label], scores[:, label])
    return float(precision[np.argmax(ratio(2 * precision * recall, precision + recall))])


def _recall_at(truth: Marks, scores: Features, least: float) -> float:
    """The highest recall of any threshold that keeps to a precision."""
    precision, recall, _ = precision_recall_curve(truth, scores)
    return float(recall[precision >= least].max())
