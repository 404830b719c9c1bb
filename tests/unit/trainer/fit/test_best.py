from pathlib import Path

import numpy as np
import pytest

from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_file
from trainer.data.dataset import read_dataset
from trainer.fit import best as module
from trainer.fit import finetune
from trainer.fit.balanced import fine_tuned
from trainer.fit.best import Plan, fit_best
from trainer.fit.corpus import Corpus, Fitted, Job
from trainer.fit.distill import Distillation
from trainer.fit.finetune import Recipe
from trainer.fit.losses import LossName
from trainer.fit.serving import serving_network
from trainer.job.progress import Silent
from trainer.operating.held_out import choose_operating_point

_TINY = Recipe(epochs=1, batch_tickets=16, learning_rate=2e-3)
_FOCAL = Recipe(epochs=1, batch_tickets=16, learning_rate=2e-3, loss=LossName.FOCAL)
_PLAN = Plan(members=(_TINY, _FOCAL), distillation=Distillation(recipe=_TINY))
_NAMES = ["fine-tuned-0", "fine-tuned-1", "fast", "linear"]


def _corpus(folder: Path, rows: int, seed: int) -> Corpus:
    return Corpus.of(read_dataset(labelled_file(folder / f"{seed}.jsonl", rows, seed)), LABELS)


class _Heard(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def _fit(folder: Path, heard: _Heard | None = None) -> Fitted:
    encoder = folder / "encoder"
    job = Job(
        encoder=encoder if encoder.is_dir() else build_tiny_encoder(encoder),
        max_length=64,
        device="cpu",
        seed=0,
        folder=folder / "work",
        progress=heard or Silent(),
    )
    return fit_best(_corpus(folder, 120, 0), _corpus(folder, 80, 1), job, _PLAN)


def test_the_student_serves_and_its_recipe_tells_gain_and_loss(tmp_path: Path) -> None:
    heard = _Heard()
    fitted = _fit(tmp_path, heard)
    recipe = fitted.recipe
    assert list(recipe["members"]) == _NAMES
    assert sum(entry["weight"] for entry in recipe["members"].values()) == pytest.approx(
        1, abs=1e-3
    )
    alone = [entry["macro_f1"] for entry in recipe["members"].values()]
    assert recipe["best_member"] == max(alone)
    assert recipe["ensemble_gain"] == recipe["ensemble"] - max(alone)
    assert recipe["distillation_loss"] == recipe["ensemble"] - recipe["student"]
    assert any("student" in note for note in heard.notes)
    assert fitted.model.lexical is not None
    point = choose_operating_point(fitted.held_out, seed=0)
    network = serving_network(fitted.model, fitted.tokenizer, point, "cpu")
    fresh = _corpus(tmp_path, 100, 2)
    predicted = point.thresholds.predicted(network.predict(fresh.texts))
    assert (predicted == fresh.truth).mean() > 0.8


def test_what_is_chosen_on_was_not_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rehearsal must not see the rows that its scores are held out on; the student must."""
    seen: list[int] = []

    def counted(train: finetune.Examples, *rest: object) -> object:
        seen.append(len(train.token_ids))
        return fine_tuned(train, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("trainer.fit.best.fine_tuned", counted)
    monkeypatch.setattr("trainer.fit.distill.fine_tuned", counted)
    assert len(_fit(tmp_path).held_out.texts) == 80
    assert seen == [120, 120, 120, 200]


class _PowerCut(Exception):
    pass


def test_after_an_interruption_nothing_is_fitted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise _PowerCut

    with monkeypatch.context() as patch, pytest.raises(_PowerCut):
        patch.setattr(module, "teach", cut)
        _fit(tmp_path)
    for name in ("_fine_tuned", "_fast", "_linear"):
        monkeypatch.setattr(module, name, cut)
    resumed = _fit(tmp_path)
    monkeypatch.setattr(finetune, "LossTrainer", cut)
    again = _fit(tmp_path)
    np.testing.assert_array_equal(resumed.held_out.logits, again.held_out.logits)
    for name, part in resumed.model.state_dict().items():
        np.testing.assert_array_equal(part, again.model.state_dict()[name])


def test_a_torn_file_of_scores_is_made_anew(tmp_path: Path) -> None:
    torn = tmp_path / module._SCORES
    torn.write_bytes(b"\x08")
    assert module._read(torn) is None
