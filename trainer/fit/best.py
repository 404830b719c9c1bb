"""Preset `best`: an ensemble teaches one network, and that network is served.

Its members are fine-tuned networks, the head and lexical branch of `fast`, and a linear model.
Their weights are fitted on rows that none of them learned from. The student is taught twice:
without those rows, to choose its epoch, blend, calibration and thresholds on them, and then with
all rows, for serving. Everything is kept in the job's folder, a folder a part, so that a killed
run goes on where it was. Shapes: b rows to learn from, c rows to choose on, l labels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from classifier.encoding import TicketTokenizer, load_tokenizer, longest_input
from trainer.fit.balanced import add_lexical, fine_tuned, fit_lexical, raw_logits
from trainer.fit.baseline import fit_baseline, out_of_fold_scores
from trainer.fit.blend import choose_blend
from trainer.fit.corpus import Corpus, Fitted, Job
from trainer.fit.distill import Distillation, Lesson, best_epoch, rehearse, teach
from trainer.fit.ensemble import Ensemble, cross_fitted, fit_ensemble
from trainer.fit.fast import fit_fast
from trainer.fit.finetune import Examples, Recipe
from trainer.job.request import MAX_LENGTH, Preset
from trainer.job.workspace import write_whole
from trainer.operating.held_out import HeldOut, choose_operating_point, crosswise

_SCORES = "scores.safetensors"

Scores = tuple[NDArray[np.float32], NDArray[np.float32]]  # (b, l) and (c, l)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the ensemble and its student are made of.

    Attributes:
        members: a fine-tuned network each, with a seed of its own.
        distillation: how the student is taught.
    """

    members: tuple[Recipe, ...] = field(default_factory=lambda: (Recipe(), Recipe()))
    distillation: Distillation = field(default_factory=Distillation)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """One model of the ensemble.

    Attributes:
        name: for the report.
        train: raw scores (b, l). A fine-tuned network has learned from these very rows; the
            others give scores of rows left out in turn.
        choice: raw scores (c, l) of rows that it did not learn from.
    """

    name: str
    train: NDArray[np.float32]
    choice: NDArray[np.float32]


def fit_best(train: Corpus, choice: Corpus, job: Job, plan: Plan | None = None) -> Fitted:
    """Fits the members, weighs them and teaches the student.

    Args:
        train: what the members learn from.
        choice: other rows, for all that is chosen; the served student learns from them too.
        job: where and with which seed.
        plan: members and student.

    Returns:
        The student. Its held-out scores are those of its like that did not see `choice`; its
        recipe has the macro-F1 of members, ensemble and student, each chosen crosswise there.

    Raises:
        Invalid: the encoder cannot be loaded or does not take `job.max_length` tokens.
    """
    rows = _Rows.of(train, choice, job, plan or Plan())
    members = list(_members(rows))
    ensemble = fit_ensemble([m.choice for m in members], choice.truth, choice.labels)
    student = _student(rows, *_lessons(rows, members, ensemble))
    figures = _figures(rows, members, ensemble, student.held_out)
    job.progress.note(
        f"macro-F1 on validation: best member {figures['best_member']:.3f}, ensemble"
        f" {figures['ensemble']:.3f}, student {figures['student']:.3f}"
    )
    return replace(student, recipe={**student.recipe, **figures})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Both corpora with their token ids, and what is to be done with them."""

    train: Corpus
    choice: Corpus
    tokenizer: TicketTokenizer
    seen: Examples
    unseen: Examples
    truncated: int
    job: Job
    plan: Plan

    @classmethod
    def of(cls, train: Corpus, choice: Corpus, job: Job, plan: Plan) -> "_Rows":
        tokenizer = load_tokenizer(job.encoder, job.max_length)
        seen, unseen = tokenizer.encode(train.texts), tokenizer.encode(choice.texts)
        return cls(
            train=train,
            choice=choice,
            tokenizer=tokenizer,
            seen=Examples(token_ids=seen.token_ids, truth=train.truth),
            unseen=Examples(token_ids=unseen.token_ids, truth=choice.truth),
            truncated=seen.truncated,
            job=job,
            plan=plan,
        )

    def part(self, name: str, seed: int = 0) -> Job:
        """The job of one part, in a folder of its own; `seed` is added to the run's."""
        return replace(self.job, folder=self.job.folder / name, seed=self.job.seed + seed)


def _members(rows: _Rows) -> Iterator[Member]:
    for number, recipe in enumerate(rows.plan.members):
        job = rows.part(f"fine-tuned-{number}", seed=number)
        yield _remembered(job, partial(_fine_tuned, rows, job, recipe))
    yield _remembered(rows.part("fast"), partial(_fast, rows))
    yield _remembered(rows.part("linear"), partial(_linear, rows))


def _remembered(job: Job, fit: Callable[[], Scores]) -> Member:
    """A member whose scores are kept, so that it is fitted once whatever is killed after it."""
    job.folder.mkdir(parents=True, exist_ok=True)
    job.progress.note(f"ensemble: {job.folder.name}")
    file = job.folder / _SCORES
    scores = _read(file)
    if scores is None:
        scores = fit()
        write_whole(file, save({"train": scores[0], "choice": scores[1]}))
    return Member(name=job.folder.name, train=scores[0], choice=scores[1])


def _read(file: Path) -> Scores | None:
    try:
        found = load_file(file)
        return found["train"], found["choice"]
    except (OSError, SafetensorError, KeyError):
        return None


def _fine_tuned(rows: _Rows, job: Job, recipe: Recipe) -> Scores:
    model, _ = fine_tuned(rows.seen, rows.unseen, rows.train.labels, job, recipe)
    train, choice = (
        raw_logits(model, rows.tokenizer, part.token_ids, job.device)
        for part in (rows.seen, rows.unseen)
    )
    return train, choice


def _fast(rows: _Rows) -> Scores:
    longest = min(MAX_LENGTH[Preset.FAST], longest_input(rows.job.encoder))
    fitted = fit_fast(rows.train, replace(rows.part("fast"), max_length=longest))
    ids = fitted.tokenizer.encode(rows.choice.texts).token_ids
    choice = raw_logits(fitted.model, fitted.tokenizer, ids, rows.job.device)
    return fitted.held_out.logits.astype(np.float32), choice


def _linear(rows: _Rows) -> Scores:
    rows.job.progress.stage("linear model")
    left_out = out_of_fold_scores(rows.train, rows.job.seed)
    model = fit_baseline(rows.train, rows.job.seed)
    return _logit(left_out), _logit(model.predict(rows.choice.texts))


def _logit(scores: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Calibrated scores as logits; those that float32 rounded to 0 or 1 stay finite."""
    inside = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float32)


def _lessons(rows: _Rows, members: Sequence[Member], ensemble: Ensemble) -> tuple[Lesson, Lesson]:
    """What the ensemble says of the rows to learn from, and of those to choose on."""
    return (
        Lesson(examples=rows.seen, teacher=ensemble.logits([m.train for m in members])),
        Lesson(examples=rows.unseen, teacher=ensemble.logits([m.choice for m in members])),
    )


def _student(rows: _Rows, lesson: Lesson, rest: Lesson) -> Fitted:
    """Rehearsed on `lesson`, judged on `rest`, then taught with both."""
    how, labels, seed = rows.plan.distillation, rows.train.labels, len(rows.plan.members)
    job = rows.part("rehearsal", seed=seed)
    rehearsed, history = rehearse(lesson, rows.unseen, labels, job, how)
    own = raw_logits(rehearsed, rows.tokenizer, rows.unseen.token_ids, job.device)
    known = fit_lexical(rows.seen.token_ids, rows.train.truth, rows.train.writers)
    words = known.logits(rows.unseen.token_ids)
    blend = choose_blend(own, words, rows.choice.truth, labels)
    whole, epochs = lesson.joined(rest), best_epoch(history)
    model = teach(whole, labels, rows.part("student", seed=seed), how, epochs)
    truth = np.concatenate([rows.train.truth, rows.choice.truth])
    writers = [*rows.train.writers, *rows.choice.writers]
    add_lexical(model, fit_lexical(whole.examples.token_ids, truth, writers), blend)
    return Fitted(
        model=model,
        tokenizer=rows.tokenizer,
        held_out=rows.choice.held_out(blend.logits(own, words)),
        history=history,
        recipe={
            "truncated_texts": rows.truncated,
            "epochs": epochs,
            "temperature": how.temperature,
            "truth_share": how.truth_share,
            "head_share": blend.share,
            "terms": model.shape.terms,
        },
    )


def _figures(
    rows: _Rows, members: Sequence[Member], ensemble: Ensemble, student: HeldOut
) -> dict[str, Any]:
    """Macro-F1 on the rows to choose on: what the ensemble gains and what distilling it costs."""
    seed, parts = rows.job.seed, [member.choice for member in members]
    alone = [_macro_f1(rows.choice.held_out(part), seed) for part in parts]
    together = _macro_f1(rows.choice.held_out(cross_fitted(parts, student, seed)), seed)
    taught = _macro_f1(student, seed)
    return {
        "members": {
            member.name: {"macro_f1": macro_f1, "weight": round(weight, 4)}
            for member, macro_f1, weight in zip(members, alone, ensemble.weights, strict=True)
        },
        "best_member": max(alone),
        "ensemble": together,
        "student": taught,
        "ensemble_gain": together - max(alone),
        "distillation_loss": together - taught,
    }


def _macro_f1(held_out: HeldOut, seed: int) -> float:
    return crosswise(held_out, choose_operating_point(held_out, seed), seed).measure().macro_f1
