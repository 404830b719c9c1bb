"""From a labelled file to an artifact: the story of one training."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
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
from core.learning import MIN_POSITIVES
from trainer.data.dataset import (
    Dataset,
    LabelCensus,
    census,
    describe_problems,
    read_dataset,
)
from trainer.fit.balanced import fit_balanced
from trainer.fit.baseline import fit_baseline
from trainer.fit.best import fit_best
from trainer.fit.cold_start import fit_cold_start
from trainer.fit.corpus import Corpus, Fitted, Job
from trainer.fit.dealing import Files, Parts, deal
from trainer.fit.embeddings import Kept
from trainer.fit.fast import fit_fast
from trainer.fit.ladder import choose_step
from trainer.fit.serving import golden_batch, serving_network
from trainer.job.progress import Progress, Silent
from trainer.job.request import (
    MAX_LENGTH,
    Preset,
    TrainOutcome,
    TrainRequest,
    code_version,
    request_id,
)
from trainer.job.workspace import open_workspace
from trainer.labels.added_label import Served
from trainer.labels.few_shot import FewShot, few_shot
from trainer.measure.answers import Answers, languages_of
from trainer.measure.departments import departments
from trainer.operating.held_out import (
    OperatingPoint,
    choose_operating_point,
    crosswise,
    measure_operating_points,
)
from trainer.reporting.ablation import Ablation, ablate, frozen_features, sample
from trainer.reporting.report import Report, write_reports


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
        linear = fit_baseline(plan.rows.train, request.seed)
        job = _job(plan, folder, progress)
        fitted = _fit(plan, job)
        point = choose_operating_point(fitted.held_out, request.seed)
        progress.stage("losses compared")
        ablation = _ablation(plan, fitted, job)
        progress.stage("measuring")
        report = replace(_report(plan, fitted, point, linear, began), ablation=ablation)
        staging = _staging(folder)
        served = Served(model=fitted.model, tokenizer=fitted.tokenizer, point=point)
        _write(staging, *plan.few.beside(served, linear))
        measure_operating_points(fitted.held_out, point, request.seed).save(staging)
        write_reports(staging, report, show_text=request.show_text)
        artifact = publish(staging, request.out, report.facts)
    return _outcome(artifact, cached=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """What is asked for, settled, and who learns from which rows."""

    request: TrainRequest
    request_id: str
    encoder: Path
    labels: LabelCensus
    few: FewShot
    dataset_hash: str
    rows: Parts
    notes: tuple[str, ...]


def _plan(request: TrainRequest, progress: Progress) -> _Plan:
    progress.stage("reading")
    encoder = resolve_encoder(request.encoder)
    files = Files(
        data=read_dataset(request.data),
        val=read_dataset(request.val) if request.val else None,
        holdout=read_dataset(request.holdout) if request.holdout else None,
    )
    request = _settled(request, files.data, progress)
    minimum = 0 if request.how is Preset.COLD_START else MIN_POSITIVES
    labels = census(files.data, minimum, request.descriptions)
    few = few_shot(files.data, labels, request.descriptions, request.seed)
    notes = tuple(_notes(files, labels, few))
    for note in notes:
        progress.note(note)
    return _Plan(
        request=request,
        request_id=request_id(request, (files.data, files.val, files.holdout), encoder),
        encoder=encoder,
        labels=labels,
        few=few,
        dataset_hash=files.data.digest,
        rows=deal(files, labels.kept, request.how, request.seed),
        notes=notes,
    )


def _settled(request: TrainRequest, data: Dataset, progress: Progress) -> TrainRequest:
    """The request with `auto` replaced by the preset that data and device allow; says why."""
    if request.how is not Preset.AUTO:
        return request
    positives = data.positives()
    enough = {name: count for name, count in positives.items() if count >= MIN_POSITIVES}
    step = choose_step(enough or positives, len(data), resolve_device(request.device))
    for line in (f"preset {step.name.value}: {step.reason}", *step.lacking):
        progress.note(line)
    return replace(request, preset=step.name.value)


def _notes(files: Files, labels: LabelCensus, few: FewShot) -> Iterator[str]:
    yield from describe_problems(files.data.problems)
    for label, missing in labels.excluded.items():
        if label in few.names:
            yield f"label {label!r} is served from what there is; {missing} more tickets teach it"
        else:
            yield f"label {label!r} is left out: it needs {missing} more tickets"
    known = {*labels.kept, *labels.excluded}
    for name, file in (("validation", files.val), ("holdout", files.holdout)):
        if file is not None:
            yield from (f"{name} {line}" for line in describe_problems(file.problems))
            for label in sorted(set(file.positives()) - known):
                yield f"label {label!r} is left out: it stands in the {name} file alone"


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


def _job(plan: _Plan, folder: Path, progress: Progress) -> Job:
    request = plan.request
    if request.threads:
        torch.set_num_threads(request.threads)
    return Job(
        encoder=plan.encoder,
        max_length=request.max_length or min(MAX_LENGTH[request.how], longest_input(plan.encoder)),
        device=resolve_device(request.device),
        seed=request.seed,
        folder=folder,
        progress=progress,
        embeddings=_kept(request),
    )


def _kept(request: TrainRequest) -> Kept | None:
    if request.embeddings is None:
        return None
    return Kept(folder=request.embeddings, most_mib=request.embeddings_mib)


def _fit(plan: _Plan, job: Job) -> Fitted:
    request = plan.request
    if request.how is Preset.COLD_START:
        return fit_cold_start(plan.rows.train, request.descriptions, job)
    if plan.rows.choice is None:
        return fit_fast(plan.rows.train, job)
    if request.how is Preset.BEST:
        return fit_best(plan.rows.train, plan.rows.choice, job)
    return fit_balanced(plan.rows.train, plan.rows.choice, job)


def _ablation(plan: _Plan, fitted: Fitted, job: Job) -> Ablation | None:
    """On frozen features, which the preset made anyway or which take a minute at most."""
    if plan.request.how is Preset.COLD_START:
        return None
    rows = sample(plan.rows.train, job.seed)
    corpus = plan.rows.train.take(rows)
    features = (
        fitted.features[rows] if fitted.features is not None else frozen_features(corpus, job)
    )
    return ablate(corpus, features, job.seed)


def _report(
    plan: _Plan, fitted: Fitted, point: OperatingPoint, linear: LinearModel, began: float
) -> Report:
    rows, answers, measured_on = _measured(plan, fitted, point)
    tickets = plan.rows.source.tickets_of(rows.texts)
    rules = plan.request.rules
    return Report(
        name=plan.request.out.name,
        facts=_facts(plan, fitted),
        model=answers,
        linear=Answers.of(rows.truth, linear.predict(rows.texts), linear.cutoffs),
        texts=rows.texts,
        languages=languages_of(tickets),
        departments=departments(answers, tickets, rules, datetime.now(UTC)) if rules else None,
        measured_on=measured_on,
        inside=plan.rows.inside,
        history=fitted.history,
        excluded={x: n for x, n in plan.labels.excluded.items() if x not in plan.few.names},
        notes=(*plan.notes, point.describe()),
        seconds=time.monotonic() - began,
    )


def _measured(plan: _Plan, fitted: Fitted, point: OperatingPoint) -> tuple[Corpus, Answers, str]:
    """The rows that are reported on, the network's answers there, and what the rows are."""
    if plan.rows.report is None and plan.rows.choice is not None:
        answers = crosswise(fitted.held_out, point, plan.request.seed)
        source = "the validation file, each half by what the other half chose"
        return plan.rows.choice, answers, source
    rows = plan.rows.report or plan.rows.train
    device = resolve_device(plan.request.device)
    network = serving_network(fitted.model, fitted.tokenizer, point, device)
    answers = Answers.of(rows.truth, network.predict(rows.texts), point.thresholds)
    if plan.rows.inside:
        return rows, answers, "rows of the data that nothing was chosen on"
    return rows, answers, f"the {'holdout' if plan.request.holdout else 'validation'} file"


def _facts(plan: _Plan, fitted: Fitted) -> Facts:
    request = plan.request
    return Facts(
        encoder=request.encoder,
        labels=(*plan.labels.kept, *plan.few.names),
        max_length=fitted.tokenizer.max_length,
        dataset_hash=plan.dataset_hash,
        seeds=(request.seed,),
        code_version=code_version(),
        preset=request.how.value,
        training={"request": plan.request_id, "rows": len(plan.rows.train.texts), **fitted.recipe},
    )


def _staging(folder: Path) -> Path:
    """An empty folder; what a killed run was writing is gone."""
    staging = folder / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    return staging


def _write(staging: Path, served: Served, linear: LinearModel) -> None:
    save_network(served.model, served.tokenizer, staging)
    LabelSet(served.model.labels).save(staging / "labels.json")
    served.point.calibration.save(staging / "calibration.json")
    served.point.thresholds.save(staging / "thresholds.json")
    linear.save(staging)
    golden_batch(served.model, served.tokenizer, served.point).save(staging)


def _outcome(artifact: Artifact, *, cached: bool) -> TrainOutcome:
    return TrainOutcome(
        artifact=artifact, cached=cached, metrics=artifact.read_json("metrics.json")
    )
