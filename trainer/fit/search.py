"""Looks for better hyperparameters of the fine-tuning: a study by Optuna, which is optional.

Trials are written to a journal, so that a study that was killed goes on with what it knows. Its
own thresholds of macro-F1 are chosen crosswise, but the best of many trials flatters itself
nevertheless: measure it on rows that no trial has seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Invalid
from trainer.fit.balanced import fit_balanced
from trainer.fit.corpus import Corpus, Job
from trainer.fit.finetune import Recipe
from trainer.fit.weights import Weighting
from trainer.operating.held_out import choose_operating_point, crosswise

if TYPE_CHECKING:
    import optuna

JOURNAL = "study.jsonl"
_STUDY = "fine-tuning"

Judge = Callable[[Recipe, Path], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best of a study.

    Attributes:
        recipe: how.
        macro_f1: what the judge said of it, in [0, 1].
        trials: how many were finished, this time and before.
    """

    recipe: Recipe
    macro_f1: float
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched.

    Attributes:
        folder: of this study alone; holds its journal and a folder for each recipe tried.
        trials: how many are to be finished in all, those of an earlier run counted.
        seed: of the sampler.
        base: what is not searched is taken from here; also the first to be tried.
    """

    folder: Path
    trials: int
    seed: int
    base: Recipe = Recipe()  # noqa: RUF009  (frozen)


def search(judge: Judge, wanted: Search) -> Found:
    """Tries recipes by the tree-structured Parzen estimator (Bergstra and others, 2011).

    Learning rates are tried from a fifth to five times the base's, weight decays from 0.001 to
    0.1, every weighting, and up to twice the base's epochs.

    Args:
        judge: macro-F1 of a recipe on rows left out; an interrupted trial is begun again with the
            recipe and the folder that it had.
        wanted: where, how long and with which seed.

    Raises:
        Invalid: Optuna is not installed.
    """
    study = _study(wanted)
    done = _finished(study)
    _prepare_first(study, wanted.base)

    def objective(trial: "optuna.Trial") -> float:
        recipe = _suggested(trial, wanted.base)
        return judge(recipe, wanted.folder / _name(recipe))

    study.optimize(objective, n_trials=max(wanted.trials - done, 0))
    best = study.best_trial
    return Found(
        recipe=_recipe(wanted.base, best.params),
        macro_f1=study.best_value,
        trials=_finished(study),
    )


def judge_on(train: Corpus, choice: Corpus, job: Job) -> Judge:
    """Macro-F1 on `choice`, each half by what the other half chose, after learning from `train`."""

    def judge(recipe: Recipe, folder: Path) -> float:
        fitted = fit_balanced(train, choice, replace(job, folder=folder), recipe)
        point = choose_operating_point(fitted.held_out, job.seed)
        return crosswise(fitted.held_out, point, job.seed).measure().macro_f1

    return judge


def _study(wanted: Search) -> "optuna.Study":
    try:
        import optuna  # noqa: PLC0415  (optional)
        from optuna.storages import JournalStorage  # noqa: PLC0415
        from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415
    except ImportError as error:
        fix = "install the extra `search`"
        raise Invalid("optuna", "is not installed", fix) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(wanted.folder / JOURNAL))),
        study_name=_STUDY,
        direction="maximize",
        load_if_exists=True,
    )
    # A sampler that began at the same seed again would propose what it has tried.
    study.sampler = optuna.samplers.TPESampler(seed=wanted.seed + len(study.trials))
    return study


def _prepare_first(study: "optuna.Study", base: Recipe) -> None:
    """The first trial of this run: what was interrupted, or the base where nothing was tried."""
    trials = study.trials
    if not trials:
        study.enqueue_trial(_parameters(base))
    elif trials[-1].state.name in ("RUNNING", "FAIL"):
        study.enqueue_trial(trials[-1].params)


def _finished(study: "optuna.Study") -> int:
    return sum(trial.state.name == "COMPLETE" for trial in study.trials)


def _suggested(trial: "optuna.Trial", base: Recipe) -> Recipe:
    rate = trial.suggest_float(
        "learning_rate", base.learning_rate / 5, base.learning_rate * 5, log=True
    )
    return replace(
        base,
        learning_rate=rate,
        weight_decay=trial.suggest_float("weight_decay", 1e-3, 0.1, log=True),
        weighting=Weighting(trial.suggest_categorical("weighting", [w.value for w in Weighting])),
        epochs=trial.suggest_int("epochs", 1, 2 * base.epochs),
    )


def _parameters(recipe: Recipe) -> dict[str, float | int | str]:
    return {
        "learning_rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "weighting": recipe.weighting.value,
        "epochs": recipe.epochs,
    }


def _recipe(base: Recipe, parameters: dict[str, float | int | str]) -> Recipe:
    return replace(
        base,
        learning_rate=float(parameters["learning_rate"]),
        weight_decay=float(parameters["weight_decay"]),
        weighting=Weighting(str(parameters["weighting"])),
        epochs=int(parameters["epochs"]),
    )


def _name(recipe: Recipe) -> str:
    """A folder's name that is equal for equal recipes."""
    rate, decay = recipe.learning_rate, recipe.weight_decay
    return f"lr{rate:.6g}-wd{decay:.6g}-{recipe.weighting.value}-e{recipe.epochs}"
