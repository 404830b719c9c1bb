"""Preset `cold_start`: labels that have a name, a description and next to no examples.

The encoder stays as it is. Each label's name and description stand in as one more ticket, a
prototype of it; a ridge regression on the pooled features, solved at once, weighs prototypes and
examples. Every example is judged by the regression of all others, which needs no further fit, so
that the few that there are can both teach and choose. `add_label` gives a network that serves
already one label more.

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
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.chunking import plan_chunks
from classifier.encoding import TicketTokenizer, load_tokenizer
from classifier.lexical import LexicalBranch
from classifier.scoring import Calibration, Thresholds
from classifier.transformer import padded
from core.errors import Invalid
from trainer.calibration import fit_calibration
from trainer.corpus import Corpus, Fitted, Job
from trainer.embeddings import CHUNK_TOKENS
from trainer.head import LinearHead, mean_average_precision
from trainer.held_out import OperatingPoint
from trainer.serving import serving_copy, serving_network
from trainer.thresholds import choose_thresholds

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
# How many standard deviations of all tickets' scores a ticket of the label stands above their
# mean, where the regression knows the prototype alone: 0.9 (GoEmotions) and 1.2 (`sumo_firefox`
# topics) in the mean of labels.
REACH = 1.0
MIN_BACKGROUND = 20
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
    model.head = _linear(ridge.head)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A network with all that turns texts into predictions."""

    model: MultilabelTransformer
    tokenizer: TicketTokenizer
    point: OperatingPoint


def add_label(
    served: Served,
    name: str,
    description: str,
    positives: Sequence[str],
    background: Sequence[str],
) -> Served:
    """The network with one label more, its last; whatever it says of the others stays the same.

    Examples that were picked do not tell how frequent the label is: its scores take it to be as
    frequent as the network finds the mean of the others in `background`.

    Args:
        served: with a linear head; left as it is.
        name: of the new label.
        description: what it is about, in words; may be empty.
        positives: tickets that carry it; none will do, eight are far better.
        background: other tickets as they come, 20 or more, better hundreds.

    Raises:
        Invalid: the label is there already, there is too little background, or the head has a
            hidden layer.
    """
    _check(served.model, name, background)
    texts = [*positives, *background, prototype(name, description)]
    device = str(next(served.model.parameters()).device)
    ids = served.tokenizer.encode(texts).token_ids
    features = _features(serving_copy(served.model, device), ids)  # (n, f)
    truth = np.zeros((len(texts), 1), dtype=np.uint8)
    truth[: len(positives)] = truth[-1] = 1
    ridge = fit_ridge(features, truth, _row_weights(len(texts), 1), PENALTY)
    network = serving_network(served.model, served.tokenizer, served.point, device)
    frequency = float(network.predict(background).mean())
    scores = _judged(ridge.left_out, len(positives))
    return Served(
        model=_extended(served.model, name, ridge.head),
        tokenizer=served.tokenizer,
        point=_with_label(served.point, _operating_point(name, truth, scores, frequency)),
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
    weights = _row_weights(len(marks), labels)
    if not truth.any():
        return fit_ridge(features, marks, weights, PENALTY)
    tried = [fit_ridge(features, marks, weights, penalty) for penalty in PENALTIES]
    return max(tried, key=lambda ridge: mean_average_precision(truth, ridge.left_out[:rows]))


def _row_weights(rows: int, prototypes: int) -> Array:
    """Shape (n); prototypes are the last rows."""
    weights = np.ones(rows)
    weights[rows - prototypes :] = PROTOTYPE_WEIGHT
    return weights


def _features(model: MultilabelTransformer, token_ids: Sequence[Sequence[int]]) -> Features:
    """Shape (n, f); not kept on disk, since there are few."""
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


def _linear(head: LinearHead) -> torch.nn.Linear:
    layer = torch.nn.Linear(*head.weight.shape)
    layer.weight.data = torch.from_numpy(np.ascontiguousarray(head.weight.T))
    layer.bias.data = torch.from_numpy(head.bias)
    return layer


def _check(model: MultilabelTransformer, name: str, background: Sequence[str]) -> None:
    if not name or name in model.labels:
        raise Invalid("name", "is empty or there already", "give the label a name of its own")
    if len(background) < MIN_BACKGROUND:
        fix = f"give at least {MIN_BACKGROUND} other tickets"
        raise Invalid("background", f"holds {len(background)} tickets", fix)
    _linear_head(model)


def _linear_head(model: MultilabelTransformer) -> torch.nn.Linear:
    if not isinstance(model.head, torch.nn.Linear):
        raise Invalid("model", "has a hidden layer in its head", "use a head without one")
    return model.head


def _judged(left_out: Array, positives: int) -> Array:
    """Scores (n, 1) of rows left out; in the last, the prototype's, stands a ticket of its label.

    Left out itself, a prototype says nothing; without examples nothing else tells what score a
    ticket of the label has.
    """
    background = left_out[positives:-1]  # (n - positives - 1, 1)
    typical = background.mean(axis=0) + REACH * background.std(axis=0)
    return np.concatenate([left_out[:-1], typical[None]])


def _operating_point(
    name: str, truth: NDArray[np.uint8], scores: Array, frequency: float
) -> OperatingPoint:
    """Chosen on scores (n, 1) of rows left out, moved to the frequency that is expected.

    The intercept is moved by the difference of the log odds (Saerens, Latinne and Decaestecker,
    "Adjusting the outputs of a classifier to new a priori probabilities", 2002). The threshold has
    the best F1 that the scores of the background let expect.
    """
    fitted = fit_calibration(scores, truth, [name])
    found = float(fitted.scores(scores).mean())
    intercept = fitted.intercept[0] + _log_odds(frequency) - _log_odds(found)
    moved = replace(fitted, intercept=(intercept,))
    background = scores[truth[:, 0] == 0]
    unmarked = np.zeros(background.shape, dtype=np.uint8)
    return OperatingPoint(
        calibration=moved,
        thresholds=choose_thresholds(unmarked, moved.scores(background), [name]),
    )


def _log_odds(share: float) -> float:
    inside = min(max(share, 1e-3), 0.5)
    return float(np.log(inside / (1 - inside)))


def _with_label(old: OperatingPoint, new: OperatingPoint) -> OperatingPoint:
    first, last = old.calibration, new.calibration
    return OperatingPoint(
        calibration=Calibration(
            labels=first.labels + last.labels,
            slope=first.slope + last.slope,
            intercept=first.intercept + last.intercept,
        ),
        thresholds=Thresholds(by_label={**old.thresholds.by_label, **new.thresholds.by_label}),
    )


def _extended(model: MultilabelTransformer, name: str, head: LinearHead) -> MultilabelTransformer:
    """A copy with one more row in its head, and none in its lexical branch."""
    copy = deepcopy(model)
    old, new = _linear_head(copy), _linear(head)
    layer = torch.nn.Linear(old.in_features, old.out_features + 1)
    layer.weight.data = torch.cat([old.weight.data, new.weight.data.to(old.weight)])
    layer.bias.data = torch.cat([old.bias.data, new.bias.data.to(old.bias)])
    copy.head, copy.labels = layer, (*copy.labels, name)
    if copy.lexical is not None:
        copy.lexical = _silent_on_the_last(copy.lexical)
    return copy


def _silent_on_the_last(branch: LexicalBranch) -> LexicalBranch:
    """The branch with a column of zeros more."""
    terms, labels = branch.weight.shape
    wider = LexicalBranch(terms, labels + 1).to(branch.weight.device)
    wider.keys.copy_(branch.keys)
    wider.idf.copy_(branch.idf)
    wider.weight.data[:, :labels] = branch.weight.data
    return wider
