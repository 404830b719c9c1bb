"""Preset `fast`: the encoder stays as it is, and what stands on it is fitted in minutes.

A linear head on pooled hidden states, beside it the lexical branch; penalty, blend, calibration
and thresholds are chosen on rows left out in turn, so that rare labels are judged by all of their
positives. On `sumo_firefox` thresholds from its val rows (4 to 39 positives of the rare labels)
gave a test macro-F1 of .328, those from rows of train left out in turn .361, with the same head;
with the lexical branch beside it .381, where the linear model has .347.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from classifier.architecture import HeadShape, MultilabelTransformer
from classifier.encoding import load_tokenizer
from trainer.data.split import Rows
from trainer.fit.blend import Blend, choose_blend
from trainer.fit.corpus import Corpus, Fitted, Job
from trainer.fit.embeddings import Read, embed
from trainer.fit.head import PENALTIES, CrossValidated, LinearHead, cross_validate, fit_path
from trainer.fit.lexical import Ngrams
from trainer.fit.losses import LossName, make_loss
from trainer.fit.one_vs_rest import fit_one_vs_rest, out_of_fold
from trainer.fit.serving import serving_copy
from trainer.fit.weights import Weighting
from trainer.job.progress import Progress

# Calibration undoes what weights do to probabilities, so only the order of scores is left to
# gain: mean average precision .324 without weights and .323 with square roots (.308 and .305
# before the blend).
WEIGHTING = Weighting.NONE
# What a ticket is about stands at its start, and the lexical branch reads on to the end. On 7,000
# rows of `sumo_firefox` train, mean average precision of the blend was .301 where both read 128
# tokens, and with an encoder that reads 128, 96, 64 or 48 beside a branch that reads 512 it was
# .304, .305, .307 and .307. The encoder's time is in proportion to what it reads.
ENCODER_TOKENS = 64


def fit_fast(corpus: Corpus, job: Job) -> Fitted:
    """Fits head and lexical branch; a killed run finds the features that it had.

    Raises:
        Invalid: the encoder cannot be loaded or does not take `job.max_length` tokens.
    """
    tokenizer = load_tokenizer(job.encoder, job.max_length)
    encoded = tokenizer.encode(corpus.texts)
    model = _network(corpus, job)
    job.progress.stage("embedding")
    frozen = serving_copy(model, job.device)
    read = Read(
        texts=corpus.texts,
        token_ids=encoded.token_ids,
        max_length=tokenizer.max_length,
        encoder=job.encoder,
    )
    features = embed(frozen, read, job.kept, job.progress)  # (b, f)
    parts = corpus.folds(job.seed)
    head, tried = _fit_head(features, corpus.truth, parts, job.progress)
    lexical = _fit_lexical(encoded.token_ids, corpus, parts, job)
    blend = choose_blend(tried.logits, lexical.logits, corpus.truth, corpus.labels)
    _assemble(model, head, lexical, blend)
    return Fitted(
        model=model,
        tokenizer=tokenizer,
        held_out=corpus.held_out(blend.logits(tried.logits, lexical.logits)),
        history=[],
        recipe={"truncated_texts": encoded.truncated, **_recipe(tried, blend, lexical)},
        features=features,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lexical:
    """What the branch is made of, and raw scores (b, l) of rows left out in turn."""

    ngrams: Ngrams
    weight: NDArray[np.float32]
    intercept: NDArray[np.float32]
    logits: NDArray[np.float32]


def _network(corpus: Corpus, job: Job) -> MultilabelTransformer:
    plain = MultilabelTransformer.from_encoder(job.encoder, corpus.labels)
    layers = _layers(plain.encoder.config.num_hidden_layers)
    shape = HeadShape(layers=layers, encoder_tokens=ENCODER_TOKENS)
    return MultilabelTransformer(plain.encoder, corpus.labels, shape).eval()


def _layers(count: int) -> tuple[int, ...]:
    """The last layer, which is about meaning, and one under it, which is nearer to the words.

    Mean average precision on rows of `sumo_firefox` train left out: .306 against .297 with the
    last layer alone.
    """
    return (-3, -1) if count >= 2 else (-1,)


def _fit_head(
    features: NDArray[np.float32],
    truth: NDArray[np.uint8],
    parts: Sequence[Rows],
    progress: Progress,
) -> tuple[LinearHead, CrossValidated]:
    progress.stage("head")
    loss = make_loss(LossName.BCE, truth, WEIGHTING)
    tried = cross_validate(features, truth, parts, loss)
    stronger = [penalty for penalty in PENALTIES if penalty >= tried.penalty]
    *_, head = fit_path(features, truth, stronger, loss)
    return head, tried


def _fit_lexical(
    token_ids: Sequence[Sequence[int]], corpus: Corpus, parts: Sequence[Rows], job: Job
) -> _Lexical:
    job.progress.stage("lexical branch")
    ngrams = Ngrams.of(token_ids, len(corpus.labels), corpus.writers)
    matrix: csr_matrix = ngrams.matrix(token_ids)  # (b, v)
    weight, intercept = fit_one_vs_rest(matrix, corpus.truth)
    logits = out_of_fold(matrix, corpus.truth, parts)
    return _Lexical(ngrams=ngrams, weight=weight, intercept=intercept, logits=logits)


def _assemble(
    model: MultilabelTransformer, head: LinearHead, lexical: _Lexical, blend: Blend
) -> None:
    """Writes the blend into the network: one head, one branch, and the sum of both in the bias."""
    (scale, shift), (lexical_scale, lexical_shift) = blend.scales
    bias = scale * head.bias + shift + lexical_scale * lexical.intercept + lexical_shift
    layer = torch.nn.Linear(model.feature_size, len(model.labels))
    layer.weight.data = torch.from_numpy((head.weight * scale).T.astype(np.float32))
    layer.bias.data = torch.from_numpy(bias.astype(np.float32))
    model.head = layer
    if blend.share < 1:
        model.shape = replace(model.shape, terms=len(lexical.ngrams))
        weight = (lexical.weight * lexical_scale).astype(np.float32)
        model.lexical = lexical.ngrams.branch(weight)


def _recipe(tried: CrossValidated, blend: Blend, lexical: _Lexical) -> dict[str, Any]:
    return {
        "penalty": tried.penalty,
        "mean_average_precision_by_penalty": {str(p): q for p, q in tried.quality.items()},
        "head_share": blend.share,
        "terms": len(lexical.ngrams) if blend.share < 1 else 0,
        "weighting": WEIGHTING.value,
    }
