"""Preset `cold_start`: labels that have a name, a description and next to no examples.

The encoder stays as it is. Each label's name and description stand in as one more ticket, a
prototype of it; a ridge regression on the pooled features, solved at once, weighs prototypes and
examples. Every example is judged by the regression of all others, which needs no further fit, so
that the few that there are can both teach and choose. `trainer.labels.added_label` gives a network
that serves already one label more.

Ridge regression and what it says of rows left out: Rifkin and Lippert, "Notes on regularized least
squares", 2007. A label's name as an example of it: Tunstall and others, "Efficient few-shot
learning without prompts", 2022.

With 8 examples and the bare name of each label macro-F1 on 2,500 test rows was .190 (GoEmotions, 28
labels, 3 s) and .410 (`sumo_firefox`, 11 topics, 5 s), on one thread of a CPU and in the mean of
three draws; the linear model on the same examples had .172 and .273. Shapes: b tickets, n of them
with prototypes, f features, l labels.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.chunking import plan_chunks
from classifier.encoding import load_tokenizer
from classifier.transformer import padded
from trainer.fit.corpus import Corpus, Fitted, Job
from trainer.fit.embeddings import CHUNK_TOKENS
from trainer.fit.head import LinearHead, mean_average_precision
from trainer.fit.serving import serving_copy

# Strongest first; tried on rows left out. A standardised row has the squared length 1.
PENALTIES = (30.0, 10.0, 3.0)
# Where there are too few rows to choose by. With 8 examples a label mean average precision on
# training rows of GoEmotions and of `sumo_firefox` topics was .242 and .427 (30), .241 and .424
# (10), .231 and .415 (3), .212 and .396 (1).
PENALTY = 10.0
# Examples that a prototype counts as. On the same rows with the penalty 10, each prototype being
# the label's bare name: .205 and .377 without any, .229 and .409 (1), .241 and .424 (3), .237 and
# .433 (8), .225 and .433 (20).
PROTOTYPE_WEIGHT = 3.0
_CONSTANT = 10.0  # of the kernel, so large that the penalty hardly touches the bias
_SEPARATORS = re.compile(r"[\s_:/.-]+")

Features = NDArray[np.float32]
Array = NDArray[np.float64]


def fit_cold_start(corpus: Corpus, descriptions: Mapping[str, str], job: Job) -> Fitted:
    """Fits a head to prototypes and a handful of examples, in seconds on a CPU.

    Args:
        corpus: hundreds of rows at most; time grows with the cube of their number.
        descriptions: label to what it is about, in words; a label without one has its name.
        job: where and with which seed.

    Returns:
        Its held-out scores are of each different text, by the regression of all others.

    Raises:
        Invalid: the encoder cannot be loaded or does not take `job.max_length` tokens.
    """
    job.progress.stage("cold start")
    tokenizer = load_tokenizer(job.encoder, job.max_length)
    model = MultilabelTransformer.from_encoder(job.encoder, corpus.labels).eval()
    corpus = corpus.take(_first_of_each(corpus.texts))
    prototypes = [prototype(label, descriptions.get(label, "")) for label in corpus.labels]
    encoded = tokenizer.encode([*corpus.texts, *prototypes])
    features = _features(serving_copy(model, job.device), encoded.token_ids)  # (n, f)
    ridge = _best_ridge(features, corpus.truth)
    model.head = linear_layer(ridge.head)
    return Fitted(
        model=model,
        tokenizer=tokenizer,
        held_out=corpus.held_out(ridge.left_out[: len(corpus.texts)]),
        history=[],
        recipe={
            "truncated_texts": encoded.truncated,
            "penalty": ridge.penalty,
            "described_labels": sum(bool(descriptions.get(label)) for label in corpus.labels),
        },
    )


def prototype(name: str, description: str) -> str:
    """A label's name and description as if they were a ticket."""
    readable = _SEPARATORS.sub(" ", name).strip()
    return f"{readable}. {description}".strip() if description else readable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ridge:
    """A fitted regression to 1 and -1.

    Attributes:
        head: for features as they come.
        left_out: what the regression of all other rows says of each, shape (n, l).
        penalty: it was fitted with.
    """

    head: LinearHead
    left_out: Array
    penalty: float


def fit_ridge(
    features: Features, truth: NDArray[np.uint8], weights: Array, penalty: float
) -> Ridge:
    """Solves the regression in its dual form, n equations, on standardised features.

    Args:
        features: (n, f).
        truth: 0 and 1, shape (n, l).
        weights: what each row counts as, over 0, shape (n).
        penalty: on squared weights, over 0.
    """
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-6  # (f)
    x = ((features - centre) / spread / np.sqrt(features.shape[1])).astype(np.float64)
    root = np.sqrt(weights)[:, None]  # (n, 1)
    targets = root * (2.0 * truth - 1)  # (n, l)
    kernel = root * (x @ x.T + _CONSTANT) * root.T  # (n, n)
    inverse = np.linalg.inv(kernel + penalty * np.eye(len(x)))
    dual = inverse @ targets  # (n, l)
    weight = (x.T @ (root * dual)) / np.sqrt(features.shape[1]) / spread[:, None]  # (f, l)
    bias = _CONSTANT * (root * dual).sum(axis=0) - centre @ weight
    return Ridge(
        head=LinearHead(weight=weight.astype(np.float32), bias=bias.astype(np.float32)),
        left_out=(targets - dual / inverse.diagonal()[:, None]) / root,
        penalty=penalty,
    )


def _best_ridge(features: Features, truth: NDArray[np.uint8]) -> Ridge:
    """With prototypes as the last rows; the penalty that orders the examples best."""
    rows, labels = truth.shape
    marks = np.concatenate([truth, np.eye(labels, dtype=np.uint8)])  # (n, l)
    weights = row_weights(len(marks), labels)
    if not truth.any():
        return fit_ridge(features, marks, weights, PENALTY)
    tried = [fit_ridge(features, marks, weights, penalty) for penalty in PENALTIES]
    return max(tried, key=lambda ridge: mean_average_precision(truth, ridge.left_out[:rows]))


def row_weights(rows: int, prototypes: int) -> Array:
    """What each row counts as, shape (n); prototypes are the last ones."""
    weights = np.ones(rows)
    weights[rows - prototypes :] = PROTOTYPE_WEIGHT
    return weights


def _features(model: MultilabelTransformer, token_ids: Sequence[Sequence[int]]) -> Features:
    """Features of token ids, shape (n, f); not kept on disk, since there are few."""
    features = np.zeros((len(token_ids), model.feature_size), dtype=np.float32)
    device = str(next(model.parameters()).device)
    for chunk in plan_chunks([model.cost(ids) for ids in token_ids], CHUNK_TOKENS):
        with torch.inference_mode():
            ids, mask = padded([token_ids[row] for row in chunk], model.pad_id, device)
            features[chunk] = model.features(ids, mask).cpu().numpy()
    return features


def _first_of_each(texts: Sequence[str]) -> NDArray[np.int64]:
    """One row of each different text: its double would tell a row what is left out of it."""
    _, rows = np.unique(np.array(texts, dtype=object), return_index=True)
    return np.sort(rows)


def linear_layer(head: LinearHead) -> torch.nn.Linear:
    """The head as the network holds it."""
    layer = torch.nn.Linear(*head.weight.shape)
    layer.weight.data = torch.from_numpy(np.ascontiguousarray(head.weight.T))
    layer.bias.data = torch.from_numpy(head.bias)
    return layer
