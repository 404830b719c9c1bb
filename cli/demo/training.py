"""The demo's model: trained by `pointsman train` in its own process, kept for the next time."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from classifier.artifacts import Artifact, open_artifact
from cli.demo.plan import Plan
from cli.output import Output
from cli.running.interrupts import uninterrupted
from cli.running.processes import stop_processes
from core.errors import ArtifactInvalid, Permanent
from core.process import die_with_parent
from core.settings import Settings

PRESET = "fast"


class Training:
    """A model that is there already, or is on its way.

    Args:
        folder: where the artifact is or will be.
        process: the training; None when there is nothing to wait for.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes] | None) -> None:
        self._folder = folder
        self._process = process

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self._process is None or self._process.poll() is not None

    def result(self) -> Artifact:
        """The artifact, once the training is over.

        Raises:
            Permanent: the training failed.
            ArtifactInvalid: what it left cannot be opened.
        """
        if self._process is not None and self._process.returncode != 0:
            raise Permanent("the training failed, its own message is above; see `pointsman train`")
        return open_artifact(self._folder)


@contextmanager
def training(plan: Plan, settings: Settings, output: Output) -> Iterator[Training]:
    """Starts the training unless its result is in the cache; stops it if it is left early."""
    folder = model_folder(plan, settings)
    if _is_cached(folder):
        output.say(f"Model: from the cache, {folder}")
        yield Training(folder, None)
        return
    output.say(f"Model: training on {plan.data.name}, kept in {folder}")
    process = _start(plan, settings, folder)
    try:
        yield Training(folder, process)
    finally:
        with uninterrupted():
            stop_processes([process])


def model_folder(plan: Plan, settings: Settings) -> Path:
    """Where the model of this data, encoder and input length belongs."""
    recipe = f"{settings.encoder} {settings.max_length_tokens} {PRESET}"
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    return settings.state_dir / "models" / f"{plan.mark}-{digest}"


def _is_cached(folder: Path) -> bool:
    """Whether a sound artifact is there; a damaged one is cleared away."""
    if not folder.exists():
        return False
    try:
        artifact = open_artifact(folder)
        artifact.verify(*artifact.manifest.files)
    except ArtifactInvalid:
        shutil.rmtree(folder)
        return False
    return True


def _start(plan: Plan, settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    arguments = ["--data", str(plan.data), "--out", str(folder), "--preset", PRESET]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", "train", *arguments, "--encoder", settings.encoder],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509  (we have no threads)
    )
