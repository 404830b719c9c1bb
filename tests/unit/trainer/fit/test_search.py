import math
import sys
from pathlib import Path

import pytest

from core.errors import Invalid
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_file
from trainer.data.dataset import read_dataset
from trainer.fit import finetune
from trainer.fit.corpus import Corpus, Job
from trainer.fit.finetune import Recipe
from trainer.fit.search import Search, judge_on, search
from trainer.fit.weights import Weighting
from trainer.job.progress import Silent

_BASE = Recipe()


def _judge(recipe: Recipe, folder: Path) -> float:
    """Best at twice the base's rate, with ratios."""
    miss = abs(math.log(recipe.learning_rate / (2 * _BASE.learning_rate)))
    return 0.8 - 0.1 * miss - 0.2 * (recipe.weighting is not Weighting.RATIO)


def _search(folder: Path, trials: int) -> Search:
    return Search(folder=folder, trials=trials, seed=0)


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(Invalid, match="optuna: is not installed; install the extra `search`"):
        search(_judge, _search(tmp_path, 1))


def test_the_base_is_tried_first_and_the_best_found(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    tried: list[Recipe] = []

    def judge(recipe: Recipe, folder: Path) -> float:
        tried.append(recipe)
        return _judge(recipe, folder)

    found = search(judge, _search(tmp_path, 25))
    assert tried[0] == _BASE
    assert found.trials == len(tried) == 25
    assert found.recipe in tried
    assert found.macro_f1 == max(_judge(recipe, tmp_path) for recipe in tried)
    assert found.recipe.weighting is Weighting.RATIO
    assert _BASE.learning_rate < found.recipe.learning_rate < 4 * _BASE.learning_rate


def test_equal_seeds_try_equal_recipes(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    first, again = (search(_judge, _search(tmp_path / name, 6)) for name in "ab")
    assert first == again


class _PowerCut(BaseException):
    pass


def test_an_interrupted_study_goes_on_with_what_it_knows(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    tried: list[Recipe] = []

    def cut_short(recipe: Recipe, folder: Path) -> float:
        tried.append(recipe)
        if len(tried) == 5:
            raise _PowerCut
        return _judge(recipe, folder)

    with pytest.raises(_PowerCut):
        search(cut_short, _search(tmp_path, 8))
    found = search(cut_short, _search(tmp_path, 8))
    assert found.trials == 8
    assert len(tried) == 9  # the interrupted one does not count
    assert tried[5] == tried[4]
    assert search(cut_short, _search(tmp_path, 8)) == found
    assert len(tried) == 9


def test_a_recipe_is_judged_on_rows_left_out_and_its_folder_remembers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, choice = (
        Corpus.of(read_dataset(labelled_file(tmp_path / f"{seed}.jsonl", rows, seed)), LABELS)
        for seed, rows in ((0, 80), (1, 60))
    )
    job = Job(
        encoder=build_tiny_encoder(tmp_path / "encoder"),
        max_length=64,
        device="cpu",
        seed=0,
        folder=tmp_path / "unused",
        progress=Silent(),
    )
    judge, recipe = judge_on(train, choice, job), Recipe(epochs=1, batch_tickets=16)
    first = judge(recipe, tmp_path / "tried")
    assert 0 < first <= 1
    monkeypatch.delattr(finetune, "LossTrainer")
    assert judge(recipe, tmp_path / "tried") == first
