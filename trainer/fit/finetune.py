"""Fine-tunes the whole network on Hugging Face's `Trainer`: for the presets `balanced` and `best`.

Subclassed for the loss; callbacks tell the progress. Every epoch leaves a checkpoint, so that a
run that is killed goes on from the last whole epoch to the same history; one that was finished is
found again. Shapes: b tickets, t tokens, l labels.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.data import Dataset
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from classifier.architecture import MultilabelTransformer
from classifier.precision import multiplies_bf16
from classifier.scoring import sigmoid
from classifier.transformer import padded
from trainer.fit.losses import Loss, LossName, make_loss
from trainer.fit.weights import Weighting
from trainer.job.progress import Pace, Progress
from trainer.job.workspace import write_whole
from trainer.measure.metrics import measure
from trainer.operating.thresholds import choose_thresholds

Example = dict[str, Any]
_WEIGHTS, _HISTORY = "finished.safetensors", "history.json"  # the second is written last
_LAST_FILE = "trainer_state.json"  # written last into a checkpoint, so its presence says whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the fine-tuning is made of.

    Attributes:
        epochs: passes over the data at most.
        patience_epochs: epochs without a better macro-F1 before it stops early.
        batch_tickets: tickets that go through the device together.
        accumulated_batches: batches whose gradients are summed for one step; where memory is
            short, half of the one and twice the other give the same steps.
        learning_rate: peak of AdamW's; a six-layer encoder bears five times BERT-base's usual
            2e-5 (Devlin and others, 2019).
        warmup_share: share of all steps in which the rate grows, before it falls linearly.
        weight_decay: AdamW's.
        max_grad_norm: longer gradients are shortened to this.
        loss: what is minimised.
        weighting: how much more a rare label's positives count, where the loss is `BCE`.
    """

    epochs: int = 4
    patience_epochs: int = 2
    batch_tickets: int = 32
    accumulated_batches: int = 1
    learning_rate: float = 1e-4
    warmup_share: float = 0.06
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    loss: LossName = LossName.BCE
    weighting: Weighting = Weighting.SQRT


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Where a fine-tuning happens.

    Attributes:
        folder: of this fine-tuning alone; what a killed run left there is gone on from.
        seed: of the data order and dropout.
        progress: told after each step.
    """

    folder: Path
    seed: int
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """Token ids of b texts and what they are about, shape (b, l).

    Attributes:
        token_ids: special tokens included.
        truth: 0 and 1; of rows to learn from also anything between (`trainer.fit.distill`).
    """

    token_ids: Sequence[Sequence[int]]
    truth: NDArray[np.uint8] | NDArray[np.float32]


def finetune(
    model: MultilabelTransformer, train: Examples, val: Examples | None, recipe: Recipe, run: Run
) -> list[dict[str, float]]:
    """Trains the model in place and leaves it at its best epoch by macro-F1 on `val`.

    Args:
        model: a pretrained encoder under a new head; changed.
        train: what it learns from.
        val: what the best epoch is chosen by; thresholds for it are chosen on the same rows, so
            the F1 in the history flatters. None leaves the model at its last epoch.
        recipe: how.
        run: where, and with which seed.

    Returns:
        The history: one entry an epoch with `epoch`, `loss` and, with `val`, `macro_f1`.
    """
    if (found := _finished(model, run.folder)) is not None:
        return found
    trainer = LossTrainer(
        model=model,
        args=_arguments(recipe, run, str(next(model.parameters()).device), judged=val is not None),
        train_dataset=_Rows(train),
        eval_dataset=_Rows(val) if val else None,
        data_collator=_Collator(model.pad_id),
        compute_metrics=_macro_f1(model.labels),
        callbacks=[_Steps(run.progress), *_early_stopping(recipe, val)],
        loss=make_loss(recipe.loss, train.truth, recipe.weighting),
    )
    trainer.train(resume_from_checkpoint=_last_whole_checkpoint(run.folder))
    history = _history(trainer.state)
    _finish(model, history, run.folder)
    return history


class LossTrainer(Trainer):
    """A `Trainer` with a loss of ours."""

    def __init__(self, *, loss: Loss, **options: Any) -> None:
        super().__init__(**options)
        self._loss = loss

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Mean over tickets and labels; `num_items_in_batch` does not concern a mean of means."""
        labels = inputs.pop("labels")  # (b, l)
        logits = model(**inputs)  # (b, l)
        loss = self._loss(logits, labels)
        return (loss, {"logits": logits}) if return_outputs else loss


class _Rows(Dataset[Example]):
    """Examples one by one; `input_ids` gives the sampler their lengths."""

    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples.token_ids)

    def __getitem__(self, row: int) -> Example:
        return {"input_ids": self._examples.token_ids[row], "labels": self._examples.truth[row]}


@dataclass(frozen=True, slots=True)
class _Collator:
    """Pads the texts of one step to the longest of them."""

    pad_id: int

    def __call__(self, rows: Sequence[Example]) -> dict[str, Tensor]:
        ids, mask = padded([row["input_ids"] for row in rows], self.pad_id, "cpu")  # (b, t)
        labels = torch.from_numpy(np.stack([row["labels"] for row in rows])).float()  # (b, l)
        batch = {"input_ids": ids, "labels": labels}
        return batch if mask is None else batch | {"attention_mask": mask}


class _Steps(TrainerCallback):
    """Tells the progress after each step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._pace: Pace | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Counts from where a resumed run begins."""
        self._pace = Pace(self._progress, total=state.max_steps, done=state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """One step more."""
        if self._pace is not None:
            self._pace.step()

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **seen: Any
    ) -> None:
        """Notes what the epoch brought."""
        macro_f1 = seen["metrics"]["eval_macro_f1"]
        self._progress.note(f"epoch {state.epoch:.0f}: macro-F1 {macro_f1:.3f} on validation")


def _early_stopping(recipe: Recipe, val: Examples | None) -> list[TrainerCallback]:
    return [EarlyStoppingCallback(early_stopping_patience=recipe.patience_epochs)] if val else []


def _arguments(recipe: Recipe, run: Run, device: str, *, judged: bool) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(run.folder),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_tickets,
        per_device_eval_batch_size=2 * recipe.batch_tickets,
        gradient_accumulation_steps=recipe.accumulated_batches,
        optim="adamw_torch_fused",
        learning_rate=recipe.learning_rate,
        warmup_steps=recipe.warmup_share,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.max_grad_norm,
        bf16=multiplies_bf16(device),
        use_cpu=device == "cpu",
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch" if judged else "no",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=judged,
        metric_for_best_model="macro_f1" if judged else None,
        restore_callback_states_from_checkpoint=True,  # else patience begins anew
        label_names=["labels"],
        remove_unused_columns=False,
        seed=run.seed,
        data_seed=run.seed,
        report_to=[],
        disable_tqdm=True,
        log_level="error",
        dataloader_pin_memory=device != "cpu",
    )


def _macro_f1(labels: tuple[str, ...]) -> Any:
    """What an epoch is judged by: macro-F1 with a threshold a label, chosen on the same rows."""

    def judge(seen: EvalPrediction) -> dict[str, float]:
        truth = np.asarray(seen.label_ids).astype(np.uint8)  # (b, l)
        scores = sigmoid(np.asarray(seen.predictions))  # (b, l)
        return {
            "macro_f1": measure(truth, scores, choose_thresholds(truth, scores, labels)).macro_f1
        }

    return judge


def _finish(model: MultilabelTransformer, history: list[dict[str, float]], folder: Path) -> None:
    """Keeps the result and removes the checkpoints, which are three times as large each."""
    weights = {name: part.detach().cpu().contiguous() for name, part in model.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / _WEIGHTS)
    write_whole(folder / _HISTORY, json.dumps(history).encode())
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)


def _finished(model: MultilabelTransformer, folder: Path) -> list[dict[str, float]] | None:
    """The history of a fine-tuning that came to its end here, its weights put into the model.

    An early stop cannot be gone on from: the `Trainer` would begin another epoch.
    """
    if not (folder / _HISTORY).is_file():
        return None
    model.load_state_dict(load_file(folder / _WEIGHTS))
    history: list[dict[str, float]] = json.loads((folder / _HISTORY).read_bytes())
    return history


def _last_whole_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end; torn ones are removed."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / _LAST_FILE).is_file():
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return None if newest is None else str(newest)


def _history(state: TrainerState) -> list[dict[str, float]]:
    """Loss and macro-F1 by epoch, from the log of the run and of what it went on from."""
    epochs: dict[float, dict[str, float]] = {}
    for entry in state.log_history:
        known = epochs.setdefault(entry["epoch"], {"epoch": entry["epoch"]})
        for name, ours in (("loss", "loss"), ("eval_macro_f1", "macro_f1")):
            if name in entry:
                known[ours] = entry[name]
    return list(epochs.values())
