"""Preset `balanced`: the whole network is fine-tuned, and the lexical branch stands beside it.

The best epoch, and how much the branch says, are chosen on rows left out. `best` is made of the
same parts. Shapes: b tickets, v n-grams, l labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.encoding import TicketTokenizer, load_tokenizer
from classifier.scoring import Calibration, Thresholds
from core.errors import Invalid
from trainer.fit.blend import Blend, choose_blend
from trainer.fit.corpus import Corpus, Fitted, Job
from trainer.fit.finetune import Examples, Recipe, Run, finetune
from trainer.fit.lexical import Ngrams
from trainer.fit.one_vs_rest import fit_one_vs_rest
from trainer.fit.serving import raw_scores, serving_network
from trainer.operating.held_out import OperatingPoint

Texts = Sequence[Sequence[int]]


def fit_balanced(train: Corpus, choice: Corpus, job: Job, recipe: Recipe | None = None) -> Fitted:
    """Fine-tunes on `train` and keeps the best epoch on `choice`; a killed run is gone on with.

    Args:
        train: what the network learns from.
        choice: other rows.
        job: where and with which seed.
        recipe: epochs, rates, loss.

    Raises:
        Invalid: the encoder cannot be loaded or does not take `job.max_length` tokens.
    """
    recipe = recipe or Recipe()
    tokenizer = load_tokenizer(job.encoder, job.max_length)
    encoded, others = tokenizer.encode(train.texts), tokenizer.encode(choice.texts)
    seen = Examples(token_ids=encoded.token_ids, truth=train.truth)
    unseen = Examples(token_ids=others.token_ids, truth=choice.truth)
    model, history = fine_tuned(seen, unseen, train.labels, job, recipe)
    own = raw_logits(model, tokenizer, unseen.token_ids, job.device)
    job.progress.stage("lexical branch")
    lexical = fit_lexical(seen.token_ids, train.truth, train.writers)
    words = lexical.logits(unseen.token_ids)
    blend = choose_blend(own, words, choice.truth, choice.labels)
    add_lexical(model, lexical, blend)
    return Fitted(
        model=model,
        tokenizer=tokenizer,
        held_out=choice.held_out(blend.logits(own, words)),
        history=history,
        recipe={
            "truncated_texts": encoded.truncated,
            "epochs": recipe.epochs,
            "loss": recipe.loss.value,
            "weighting": recipe.weighting.value,
            "head_share": blend.share,
            "terms": model.shape.terms,
        },
    )


def fine_tuned(
    train: Examples, choice: Examples | None, labels: tuple[str, ...], job: Job, recipe: Recipe
) -> tuple[MultilabelTransformer, list[dict[str, float]]]:
    """A fine-tuned network without a lexical branch, and its history; see `finetune`.

    Args:
        train: what it learns from.
        choice: what the best epoch is chosen by; None for the last epoch.
        labels: label order.
        job: its folder is for this network alone.
        recipe: how.
    """
    job.progress.stage("fine-tuning")
    torch.manual_seed(job.seed)
    model = MultilabelTransformer.from_encoder(job.encoder, labels)
    model.to(torch.device(job.device))
    run = Run(folder=job.folder / "checkpoints", seed=job.seed, progress=job.progress)
    return model, finetune(model, train, choice, recipe, run)


def raw_logits(
    model: MultilabelTransformer, tokenizer: TicketTokenizer, token_ids: Texts, device: str
) -> NDArray[np.float32]:
    """Raw scores (b, l) as the network will serve them."""
    raw = OperatingPoint(
        calibration=Calibration.identity(model.labels),
        thresholds=Thresholds.uniform(model.labels),
    )
    return raw_scores(serving_network(model, tokenizer, raw, device), token_ids)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lexical:
    """A fitted lexical branch: n-grams, weights (v, l) and intercepts (l)."""

    ngrams: Ngrams
    weight: NDArray[np.float32]
    intercept: NDArray[np.float32]

    def logits(self, token_ids: Texts) -> NDArray[np.float32]:
        """Raw scores, shape (b, l)."""
        scores: NDArray[np.float32] = self.ngrams.matrix(token_ids) @ self.weight + self.intercept
        return scores


def fit_lexical(token_ids: Texts, truth: NDArray[np.uint8], writers: Sequence[str]) -> Lexical:
    """Fits the branch alone, to hard labels (b, l)."""
    ngrams = Ngrams.of(token_ids, truth.shape[1], writers)
    weight, intercept = fit_one_vs_rest(ngrams.matrix(token_ids), truth)
    return Lexical(ngrams=ngrams, weight=weight, intercept=intercept)


def add_lexical(model: MultilabelTransformer, lexical: Lexical, blend: Blend) -> None:
    """Writes the blend of the network's own scores and the branch's into the network.

    Args:
        model: with a linear head and without a branch; changed.
        lexical: the branch.
        blend: of the network's raw scores (first) and the branch's (second).

    Raises:
        Invalid: the head is not linear, so that it cannot be scaled label by label.
    """
    head = model.head
    if not isinstance(head, torch.nn.Linear):
        raise Invalid("model", "has a hidden layer in its head", "use a head without one")
    (scale, shift), (lexical_scale, lexical_shift) = blend.scales
    constant = shift + lexical_scale * lexical.intercept + lexical_shift
    with torch.no_grad():
        head.weight.mul_(_as_on(head.weight, scale).unsqueeze(1))
        head.bias.mul_(_as_on(head.bias, scale)).add_(_as_on(head.bias, constant))
    if blend.share < 1:
        model.shape = replace(model.shape, terms=len(lexical.ngrams))
        weight = (lexical.weight * lexical_scale).astype(np.float32)
        model.lexical = lexical.ngrams.branch(weight).to(head.weight.device)


def _as_on(like: torch.Tensor, values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(values).to(like)
