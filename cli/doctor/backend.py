"""What `doctor` says of how the active model is computed: by which backend, in which chunks."""

import importlib.util

from sqlalchemy import Engine

from classifier import budget
from classifier.artifacts import Artifact, open_artifact
from classifier.backends.choice import AUTO, budget_file, remembered
from classifier.backends.known import KINDS, TORCH, carried
from classifier.precision import resolve_device
from cli.doctor.finding import Finding
from core.settings import Settings
from store.engine import transaction
from store.models import model_versions

_MODULES = {"onnx": "onnxruntime", "openvino": "openvino"}
"""What an extra brings that serving needs."""


def active_model(engine: Engine, settings: Settings) -> list[Finding]:
    """Which backend workers of this machine take for the active model, and how large chunks are.

    Raises:
        ArtifactInvalid: the model's folder cannot be opened.
        Invalid: the device is not here.
    """
    active = transaction(engine, model_versions.active)
    if active is None:
        return [_found("none: no model is active")]
    device = resolve_device("cuda:0" if settings.device == "all" else settings.device)
    artifact = open_artifact(active.path)
    return [backend(settings, artifact, device), chunks(settings, artifact, device)]


def chunks(settings: Settings, artifact: Artifact, device: str) -> Finding:
    """How many padded tokens workers of this machine compute at once, and how fast that is.

    Args:
        settings: with `chunk_tokens`, and where measurements are kept.
        artifact: the active model.
        device: as torch names it.
    """
    if settings.chunk_tokens is not None:
        return _chunks(f"{settings.chunk_tokens:,} tokens, as POINTSMAN_CHUNK_TOKENS says")
    found = measured_budget(settings, artifact, device)
    if found is None:
        return _chunks("not measured yet: the first worker does")
    rates = ", ".join(f"{size:,}: {rate:,.0f}" for size, rate in found.tokens_per_s.items())
    return _chunks(f"{found.tokens:,} tokens; tokens/s by size {rates}; measured {found.at[:10]}")


def measured_budget(settings: Settings, artifact: Artifact, device: str) -> budget.Budget | None:
    """What workers of this machine measured for the backend that they take; None if nothing."""
    memory, threads = settings.state_dir / "backends", settings.device_threads
    name = TORCH if device != "cpu" else _serving(settings, artifact)
    return budget.remembered(
        budget_file(artifact, name, device=device, threads=threads, memory=memory)
    )


def _serving(settings: Settings, artifact: Artifact) -> str:
    there = carried(artifact)
    if settings.backend != AUTO:
        return settings.backend if settings.backend in there else TORCH
    measured = remembered(artifact, settings.device_threads, settings.state_dir / "backends")
    return measured.fastest if there and measured is not None else TORCH


def _chunks(detail: str) -> Finding:
    return Finding(name="chunks", ok=True, detail=detail)


def backend(settings: Settings, artifact: Artifact, device: str) -> Finding:
    """Which backend workers of this machine take.

    Args:
        settings: with `backend`, and where measurements are kept.
        artifact: the active model.
        device: as torch names it.
    """
    if device != "cpu":
        return _found(f"{TORCH}, on {device}")
    wanted, there = settings.backend, carried(artifact)
    if wanted not in (AUTO, TORCH, *there):
        fix = f"`pointsman export --backend {wanted}` builds it, or set POINTSMAN_BACKEND=auto"
        return _found(f"{TORCH}: the model carries no {wanted}", fix)
    if missing := [name for name in there if wanted in (AUTO, name) and not _is_installed(name)]:
        extra = KINDS[missing[0]].extra
        return _found(f"{missing[0]} cannot be loaded", f"install the extra `{extra}`")
    if wanted != AUTO:
        return _found(f"{wanted}, as POINTSMAN_BACKEND says")
    return _chosen(settings, artifact) if there else _found(f"{TORCH}: the model carries no other")


def _chosen(settings: Settings, artifact: Artifact) -> Finding:
    """What was measured; the first worker does that."""
    measured = remembered(artifact, settings.device_threads, settings.state_dir / "backends")
    if measured is None:
        return _found("not measured yet: the first worker does")
    rates = ", ".join(f"{name} {rate:g}" for name, rate in measured.texts_per_s.items())
    return _found(f"{measured.fastest}: texts/s {rates}, measured {measured.at[:10]}")


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(_MODULES[KINDS[name].extra]) is not None


def _found(detail: str, fix: str = "") -> Finding:
    return Finding(name="backend", ok=not fix, detail=detail, fix=fix)
