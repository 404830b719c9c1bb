"""C17, C18: artifacts that were damaged, and models that change while tickets flow."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from store.engine import transaction
from store.models.model_versions import active
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.models import activate, install, register
from tests.factories.processes import wait_until
from tests.factories.values import tickets
from tests.faults.conftest import Run, System
from tests.faults.invariants import Expected

WEIGHTS = "model.safetensors"


def _truncate(folder: Path) -> None:
    weights = folder / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-64])


def flip(folder: Path) -> None:
    """One bit, in the middle of the weights."""
    weights = folder / WEIGHTS
    raw = bytearray(weights.read_bytes())
    raw[len(raw) // 2] ^= 1
    weights.write_bytes(raw)


def _wrong_labels(folder: Path) -> None:
    labels = folder / "labels.json"
    labels.write_text(labels.read_text().replace("refund", "pigeon"))


def _missing(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def _huge_header(folder: Path) -> None:
    weights = folder / WEIGHTS
    weights.write_bytes((2**40).to_bytes(8, "little") + weights.read_bytes()[8:])


def _runs_code(folder: Path) -> None:
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "auto_map": {"a": "b.C"}}))


def _pickle(folder: Path) -> None:
    (folder / "extra.bin").write_bytes(b"\x80\x04K\x01.")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "flipped bit": flip,
    "truncated": _truncate,
    "wrong labels": _wrong_labels,
    "missing": _missing,
    "huge header": _huge_header,
    "auto_map": _runs_code,
    "pickle": _pickle,
}


def test_c17_no_damaged_artifact_decides_anything(system: System, run: Run) -> None:
    worker = system.start_worker()
    system.wait_for_workers(1)
    names = list(DAMAGES)[: run.of(2, 99, 99)]
    rejected = [_try(system, seed, DAMAGES[name]) for seed, name in enumerate(names, start=1)]
    system.close_books(
        "C17",
        "damaged artifacts made active",
        faults=len(rejected),
        expected=Expected(rejected=rejected),
    )
    assert worker.deaths == 0


def _try(system: System, seed: int, damage: Callable[[Path], None]) -> str:
    """Makes a damaged artifact active, and has tickets decided once the worker has seen it."""
    version = installed_damaged(system, seed, damage)
    system.sender.send(tickets(20, prefix=f"before-{seed}"))
    time.sleep(2)  # workers look for models every second
    system.sender.send(tickets(20, prefix=f"after-{seed}"))
    system.wait_until_decided()
    return version


def installed_damaged(system: System, seed: int, damage: Callable[[Path], None]) -> str:
    artifact = build_tiny_artifact(system.folder / f"artifact-{seed}", seed=seed)
    damage(artifact.path)
    install(system.engine, artifact)
    return artifact.version


@pytest.mark.short
def test_c18_swaps_of_the_model_under_load_fail_no_ticket(system: System, run: Run) -> None:
    chance = run.chance("C18")
    versions = [system.install_model(seed=9)]
    other = build_tiny_artifact(system.folder / "other", seed=8)
    register(system.engine, other)
    versions.append(other.version)
    workers = [system.start_worker() for _ in range(2)]
    system.wait_for_workers(2)
    swaps, kills = run.of(2, 5, 50), 0
    for swap in range(swaps):
        activate(system.engine, versions[(swap + 1) % 2])
        for part in range(6):
            system.sender.send(tickets(10, prefix=f"s{swap}-{part}"))
            time.sleep(chance.uniform(0.05, 0.3))
        if swap % 5 == 4:  # while it is about to swap
            os.kill(workers[0].process.pid, signal.SIGKILL)
            kills += 1
            system.wait_for_workers(2)
    now = transaction(system.engine, active)
    assert now is not None
    wait_until(lambda: _serves_everywhere(system, now.version), timeout_s=60, what="swapped")
    system.sender.send(tickets(10, prefix="swapped"))
    system.wait_until_decided()
    findings = system.close_books("C18", "models swapped under load", faults=swaps + kills)
    assert {row.model_version for row in findings.rows} <= set(versions)
    by_last = [row for row in findings.rows if row.external_id.startswith("swapped")]
    assert {row.model_version for row in by_last} == {now.version}
    assert {row.rung for row in findings.rows} == {"model"}


def _serves_everywhere(system: System, version: str) -> bool:
    return {worker.report.model_version for worker in system.alive()} == {version}
