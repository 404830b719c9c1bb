"""Preset `balanced`: the whole network is fine-tuned; the best epoch is chosen on rows left out."""

import torch

from classifier.architecture import MultilabelTransformer
from classifier.encoding import load_tokenizer
from classifier.scoring import Calibration, Thresholds
from trainer.corpus import Corpus, Fitted, Job
from trainer.finetune import Examples, Recipe, Run, finetune
from trainer.held_out import OperatingPoint
from trainer.serving import raw_scores, serving_network


def fit_balanced(train: Corpus, choice: Corpus, job: Job, recipe: Recipe | None = None) -> Fitted:
    """Fine-tunes on `train` and keeps the best epoch on `choice`; a killed run is gone on with.

    Args:
        train: what the network learns from.
        choice: other rows.
        job: where and with which seed.
        recipe: epochs, rates, weights.

    Raises:
        Invalid: the encoder cannot be loaded or does not take `job.max_length` tokens.
    """
    recipe = recipe or Recipe()
    tokenizer = load_tokenizer(job.encoder, job.max_length)
    torch.manual_seed(job.seed)
    model = MultilabelTransformer.from_encoder(job.encoder, train.labels)
    model.to(torch.device(job.device))
    encoded, others = tokenizer.encode(train.texts), tokenizer.encode(choice.texts)
    seen = Examples(token_ids=encoded.token_ids, truth=train.truth)
    unseen = Examples(token_ids=others.token_ids, truth=choice.truth)
    job.progress.stage("fine-tuning")
    run = Run(folder=job.folder / "checkpoints", seed=job.seed, progress=job.progress)
    history = finetune(model, seen, unseen, recipe, run)
    raw = OperatingPoint(
        calibration=Calibration.identity(train.labels),
        thresholds=Thresholds.uniform(train.labels),
    )
    network = serving_network(model, tokenizer, raw, job.device)
    return Fitted(
        model=model,
        tokenizer=tokenizer,
        held_out=choice.held_out(raw_scores(network, unseen.token_ids)),
        history=history,
        recipe={
            "truncated_texts": encoded.truncated,
            "epochs": recipe.epochs,
            "weighting": recipe.weighting.value,
        },
    )
