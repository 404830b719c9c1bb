"""A training run in plain words: where it is, how long it takes, how it ended. Pure."""

from collections.abc import Mapping
from typing import Any

from core.types import RunState
from store.models.training_runs import TrainingRun

_STAGES = {
    "starting": "getting ready",
    "snapshot": "gathering what people said",
    "reading": "reading the tickets",
    "linear model": "training the linear model",
    "embedding": "reading every ticket with the encoder",
    "head": "training the head",
    "lexical branch": "training the memory for words",
    "fine-tuning": "fine-tuning the encoder",
    "cold start": "learning from few examples",
    "losses compared": "comparing losses",
    "measuring": "measuring the new model",
    "gate": "comparing it with the model that serves",
}
_OUTCOMES = {
    "promoted": "The new model {model} serves.",
    "on trial": "The new model {model} passed and is on trial now.",
    "waiting for approval": "The new model {model} passed and waits for a person.",
    "rejected": "The new model {model} was rejected, and the active one serves on.",
    "unchanged": "There was nothing new to learn, and the active model serves on.",
}


def run_words(run: TrainingRun) -> str:
    """A sentence or two; how it ended comes with the reason."""
    if run.state is RunState.QUEUED:
        return "Waits for a trainer."
    if run.state is RunState.RUNNING:
        return progress_words(run.progress)
    if run.state is RunState.FAILED:
        return f"Failed: {_ended(run.error or 'nobody knows why')} The active model serves on."
    said = _OUTCOMES.get(run.outcome or "", "It ended.").format(model=run.candidate)
    reason = (run.gate or {}).get("reason", "")
    return f"{said} {_ended(reason)}" if reason else said


def progress_words(progress: Mapping[str, Any]) -> str:
    """What is done, how far that is, and how long that step still takes, if that is known."""
    stage, fraction = progress.get("stage", "starting"), progress.get("fraction")
    said = _STAGES.get(stage, str(stage))
    share = "" if fraction is None else f", {fraction:.0%} of this step"
    left = progress.get("eta_s")
    time = "" if left is None else f", about {duration_words(left)} left in it"
    return f"{said[:1].upper()}{said[1:]}{share}{time}."


def duration_words(seconds: float) -> str:
    """Seconds, minutes or hours, as coarse as people say it."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 1.5 * length:
            return f"{round(seconds / length)} {unit}s"
    if seconds >= 50:
        return "a minute"
    return "a second" if seconds < 1.5 else f"{round(seconds)} seconds"


def _ended(sentence: str) -> str:
    said = f"{sentence[:1].upper()}{sentence[1:]}"
    return said if said.endswith((".", "!", "?")) else f"{said}."
