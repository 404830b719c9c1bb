"""From a labelled file to an artifact: the story of one training."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from classifier.architecture import save_network
from classifier.artifacts import Artifact, open_artifact, publish
from classifier.encoders import resolve_encoder
from classifier.encoding import longest_input
from classifier.labels import LabelSet
from classifier.linear import LinearModel
from classifier.manifest import Facts
from classifier.precision import resolve_device
from core.errors import ArtifactInvalid, Invalid
from trainer.balanced import fit_balanced
from trainer.baseline import fit_baseline
from trainer.best import fit_best
from trainer.cold_start import fit_cold_start
from trainer.corpus import Corpus, Fitted, Job
from trainer.dataset import Dataset, LabelCensus, census, describe_problems, read_dataset
from trainer.evaluate import Answers, crosswise, languages_of
from trainer.fast import fit_fast
from trainer.held_out import OperatingPoint, choose_operating_point
from trainer.ladder import choose_step
from trainer.progress import Progress, Silent
from trainer.report import Report, write_reports
from trainer.request import MAX_LENGTH, Preset, TrainOutcome, TrainRequest, code_version, request_id
from trainer.serving import serving_network
from trainer.split import split_rows
from trainer.workspace import open_workspace

# Of one file: what teaches, (what is chosen on,) what is reported on.
SHARES = {
    Preset.COLD_START: (0.8, 0.2),
    Preset.FAST: (0.8, 0.2),
    Preset.BALANCED: (0.7, 0.15, 0.15),
    Preset.BEST: (0.7, 0.15, 0.15),
}


def train(request: TrainRequest, progress: Progress | None = None) -> TrainOutcome:
    """Trains what is asked for, unless it is there already.

    A run that was killed goes on when the same is asked for again.

    Raises:
        Invalid: names what is wrong with the request or the data.
        Transient: another training writes the same artifact, or the encoder's hub is away.
    """
    progress = progress or Silent()
    began = time.monotonic()
    plan = _plan(request, progress)
    if (finished := _finished(request.out, plan.request_id)) is not None:
        progress.note(f"{request.out.name} is there already, from the same request and data")
        return _outcome(finished, cached=True)
    with open_workspace(request.out, plan.request_id) as folder:
        progress.stage("linear model")
        linear = fit_baseline(plan.train, request.seed)
        fitted = _fit(plan, folder, progress)
        point = choose_operating_point(fitted.held_out, request.seed)
        progress.stage("measuring")
        report = _report(plan, fitted, point, linear, began)
        staging = _staging(folder)
        _write(staging, fitted, point, linear)
        write_reports(staging, report)
        artifact = publish(staging, request.out, report.facts)
    return _outcome(artifact, cached=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """Who learns from what.

    Attributes:
        choice: rows for the best epoch, calibration and thresholds; None where rows of `train`
            are left out in turn for that.
        report: rows that nothing is chosen on; None where `choice` must serve, crosswise.
        inside: `report` is a part of the data given.
    """

    request: TrainRequest
    request_id: str
    encoder: Path
    labels: LabelCensus
    dataset_hash: str
    train: Corpus
    choice: Corpus | None
    report: Corpus | None
    inside: bool
    notes: tuple[str, ...]


def _plan(request: TrainRequest, progress: Progress) -> _Plan:
    progress.stage("reading")
    encoder = resolve_encoder(request.encoder)
    data = read_dataset(request.data)
    val = read_dataset(request.val) if request.val else None
    labels = census(data)
    notes = tuple(_notes(data, val, labels))
    for note in notes:
        progress.note(note)
    given = Corpus.of(data, labels.kept)
    request = _settled(request, given, progress)
    parts = _parts(given, Corpus.of(val, labels.kept) if val else None, request.how, request.seed)
    return _Plan(
        request=request,
        request_id=request_id(request, data, val, encoder),
        encoder=encoder,
        labels=labels,
        dataset_hash=data.digest,
        train=parts[0],
        choice=parts[1],
        report=parts[2],
        inside=val is None,
        notes=notes,
    )


def _settled(request: TrainRequest, given: Corpus, progress: Progress) -> TrainRequest:
    """The request with `auto` replaced by the preset that data and device allow; says why."""
    if request.how is not Preset.AUTO:
        return request
    counts = dict(zip(given.labels, given.truth.sum(axis=0).tolist(), strict=True))
    step = choose_step(counts, len(given.texts), resolve_device(request.device))
    for line in (f"preset {step.name.value}: {step.reason}", *step.lacking):
        progress.note(line)
    return replace(request, preset=step.name.value)


def _parts(
    given: Corpus, val: Corpus | None, preset: Preset, seed: int
) -> tuple[Corpus, Corpus | None, Corpus | None]:
    """What teaches, what is chosen on, what is reported on."""
    if val is not None:
        return (given, val, None) if len(SHARES[preset]) == 3 else (given, None, val)
    dealt = split_rows(given.texts, given.truth, SHARES[preset], seed)
    first, *middle, last = (given.take(rows) for rows in dealt)
    if not len(last.texts) or not all(len(part.texts) for part in middle):
        raise Invalid("--data", "holds too few different tickets", "label more of them")
    return first, middle[0] if middle else None, last


def _notes(data: Dataset, val: Dataset | None, labels: LabelCensus) -> Iterator[str]:
    yield from describe_problems(data.problems)
    for label, missing in labels.excluded.items():
        yield f"label {label!r} is left out: it needs {missing} more tickets"
    if val is not None:
        yield from (f"validation {line}" for line in describe_problems(val.problems))
        known = {*labels.kept, *labels.excluded}
        for label in sorted(set(val.positives()) - known):
            yield f"label {label!r} is left out: it stands in the validation file alone"


def _finished(out: Path, wanted: str) -> Artifact | None:
    """The artifact of an equal request; None when there is nothing.

    Raises:
        Invalid: something else is there.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        artifact = open_artifact(out)
        if artifact.manifest.facts.training.get("request") == wanted:
            artifact.verify(*artifact.manifest.files)
            return artifact
    except ArtifactInvalid as error:
        fix = "name a folder that does not exist yet, or remove this one"
        raise Invalid("--out", f"holds something else ({error})", fix) from error
    fix = "name a folder that does not exist yet, or remove this one"
    raise Invalid("--out", "holds an artifact of another request or other data", fix)


def _fit(plan: _Plan, folder: Path, progress: Progress) -> Fitted:
    request = plan.request
    if request.threads:
        torch.set_num_threads(request.threads)
    job = Job(
        encoder=plan.encoder,
        max_length=request.max_length or min(MAX_LENGTH[request.how], longest_input(plan.encoder)),
        device=resolve_device(request.device),
        seed=request.seed,
        folder=folder,
        progress=progress,
    )
    if request.how is Preset.COLD_START:
        return fit_cold_start(plan.train, {}, job)
    if plan.choice is None:
        return fit_fast(plan.train, job)
    if request.how is Preset.BEST:
        return fit_best(plan.train, plan.choice, job)
    return fit_balanced(plan.train, plan.choice, job)


def _report(
    plan: _Plan, fitted: Fitted, point: OperatingPoint, linear: LinearModel, began: float
) -> Report:
    rows, answers, measured_on = _measured(plan, fitted, point)
    return Report(
        name=plan.request.out.name,
        facts=_facts(plan, fitted),
        model=answers,
        linear=Answers.of(rows.truth, linear.predict(rows.texts), linear.cutoffs),
        texts=rows.texts,
        languages=languages_of(rows.texts, plan.request.val or plan.request.data),
        measured_on=measured_on,
        inside=plan.inside,
        history=fitted.history,
        excluded=plan.labels.excluded,
        notes=plan.notes,
        seconds=time.monotonic() - began,
    )


def _measured(plan: _Plan, fitted: Fitted, point: OperatingPoint) -> tuple[Corpus, Answers, str]:
    """The rows that are reported on, the network's answers there, and what the rows are."""
    if plan.report is None and plan.choice is not None:
        answers = crosswise(fitted.held_out, point, plan.request.seed)
        return plan.choice, answers, "the validation file, each half by what the other half chose"
    rows = plan.report or plan.train
    device = resolve_device(plan.request.device)
    network = serving_network(fitted.model, fitted.tokenizer, point, device)
    answers = Answers.of(rows.truth, network.predict(rows.texts), point.thresholds)
    source = "rows of the data that nothing was chosen on" if plan.inside else "the validation file"
    return rows, answers, source


def _facts(plan: _Plan, fitted: Fitted) -> Facts:
    request = plan.request
    return Facts(
        encoder=request.encoder,
        labels=plan.labels.kept,
        max_length=fitted.tokenizer.max_length,
        dataset_hash=plan.dataset_hash,
        seeds=(request.seed,),
        code_version=code_version(),
        preset=request.how.value,
        training={"request": plan.request_id, "rows": len(plan.train.texts), **fitted.recipe},
    )


def _staging(folder: Path) -> Path:
    """An empty folder; what a killed run was writing is gone."""
    staging = folder / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    return staging


def _write(staging: Path, fitted: Fitted, point: OperatingPoint, linear: LinearModel) -> None:
    save_network(fitted.model, fitted.tokenizer, staging)
    LabelSet(fitted.model.labels).save(staging / "labels.json")
    point.calibration.save(staging / "calibration.json")
    point.thresholds.save(staging / "thresholds.json")
    linear.save(staging)


def _outcome(artifact: Artifact, *, cached: bool) -> TrainOutcome:
    return TrainOutcome(
        artifact=artifact, cached=cached, metrics=artifact.read_json("metrics.json")
    )
