from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import TrainerControl, TrainerState, TrainingArguments

from classifier.architecture import MultilabelTransformer
from tests.factories.artifacts import LABELS, WORDS, build_tiny_network
from trainer.fit import finetune as module
from trainer.fit.finetune import Examples, Recipe, Run, finetune
from trainer.fit.losses import LossName
from trainer.job.progress import Silent

_RECIPE = Recipe(epochs=2, learning_rate=5e-3, batch_tickets=16, patience_epochs=9)


def _examples(seed: int, rows: int = 64) -> Examples:
    """Texts of random tokens; a label is there when its token is."""
    chance = np.random.default_rng(seed)
    ids = [chance.integers(4, 4 + len(WORDS), chance.integers(3, 12)).tolist() for _ in range(rows)]
    truth = [[int(4 + label in row) for label in range(len(LABELS))] for row in ids]
    return Examples(token_ids=ids, truth=np.array(truth, dtype=np.uint8))


def _steady_network() -> MultilabelTransformer:
    """Without dropout, so that the batches' size alone decides."""
    model = build_tiny_network(LABELS, seed=3)
    for layer in model.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    return model


def _run(folder: Path) -> Run:
    return Run(folder=folder, seed=7, progress=Silent())


@pytest.mark.parametrize("loss", LossName)
def test_every_loss_can_be_learned_with(tmp_path: Path, loss: LossName) -> None:
    recipe = replace(_RECIPE, loss=loss)
    history = finetune(build_tiny_network(), _examples(1), _examples(2), recipe, _run(tmp_path))
    assert [entry["epoch"] for entry in history] == [1, 2]
    assert history[1]["loss"] < history[0]["loss"]


def test_summed_gradients_make_the_steps_of_one_large_batch(tmp_path: Path) -> None:
    halves = replace(_RECIPE, batch_tickets=8, accumulated_batches=2)
    found = [
        finetune(_steady_network(), _examples(1), _examples(2), recipe, _run(tmp_path / name))
        for name, recipe in (("whole", _RECIPE), ("halves", halves))
    ]
    for one, other in zip(*found, strict=True):
        assert one == pytest.approx(other, abs=1e-3)


def test_without_rows_to_judge_by_all_epochs_are_done(tmp_path: Path) -> None:
    soft = replace_truth(_examples(1), 0.5)
    history = finetune(build_tiny_network(), soft, None, _RECIPE, _run(tmp_path))
    assert [set(entry) for entry in history] == [{"epoch", "loss"}] * 2


def replace_truth(examples: Examples, share: float) -> Examples:
    soft = (share * examples.truth + (1 - share) / 2).astype(np.float32)
    return Examples(token_ids=examples.token_ids, truth=soft)


def test_a_finished_fine_tuning_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = build_tiny_network(), build_tiny_network()
    history = finetune(first, _examples(1), _examples(2), _RECIPE, _run(tmp_path))
    assert not list(tmp_path.glob("checkpoint-*"))
    monkeypatch.delattr(module, "LossTrainer")
    assert finetune(again, _examples(1), _examples(2), _RECIPE, _run(tmp_path)) == history
    for name, part in first.state_dict().items():
        assert torch.equal(part, again.state_dict()[name])


class _PowerCut(Exception):
    pass


def test_patience_survives_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a rate of nothing no epoch is better than the first."""
    recipe = replace(_RECIPE, epochs=6, patience_epochs=2, learning_rate=0.0)
    whole = finetune(_steady_network(), _examples(1), _examples(2), recipe, _run(tmp_path / "a"))
    assert [entry["epoch"] for entry in whole] == [1, 2, 3]

    def cut(
        self: object,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        if state.epoch and state.epoch > 2:
            raise _PowerCut

    with monkeypatch.context() as patch, pytest.raises(_PowerCut):
        patch.setattr(module._Steps, "on_step_end", cut)
        finetune(_steady_network(), _examples(1), _examples(2), recipe, _run(tmp_path / "b"))
    resumed = finetune(_steady_network(), _examples(1), _examples(2), recipe, _run(tmp_path / "b"))
    assert resumed == whole


@pytest.mark.parametrize("native", [False, True])
def test_the_arguments_are_those_of_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, native: bool
) -> None:
    monkeypatch.setattr(module, "multiplies_bf16", lambda device: native)
    arguments = module._arguments(_RECIPE, _run(tmp_path), "cpu", judged=True)
    assert arguments.bf16 is native
    assert arguments.optim == "adamw_torch_fused"
    assert arguments.train_sampling_strategy == "group_by_length"


def test_a_batch_is_padded_to_its_own_longest_text() -> None:
    rows = [{"input_ids": [5] * length, "labels": np.zeros(2, dtype=np.uint8)} for length in (2, 7)]
    batch = module._Collator(pad_id=0)(rows)
    assert batch["input_ids"].shape == (2, 7)
    assert batch["attention_mask"].sum(dim=1).tolist() == [2, 7]
