import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.factories.artifacts import LABELS, WORDS, build_tiny_network
from trainer.fit.finetune import Examples, Recipe, Run, finetune
from trainer.job.progress import Silent

_ROWS = 96


def _examples(seed: int) -> Examples:
    """Texts of random tokens; a label is there when its token is."""
    chance = np.random.default_rng(seed)
    ids = [list(chance.integers(4, 4 + len(WORDS), chance.integers(3, 12))) for _ in range(_ROWS)]
    truth = [[int(4 + label in row) for label in range(len(LABELS))] for row in ids]
    return Examples(
        token_ids=[[int(token) for token in row] for row in ids],
        truth=np.array(truth, dtype=np.uint8),
    )


def train_here(folder: Path, epochs: int = 4) -> list[dict[str, float]]:
    return finetune(
        build_tiny_network(LABELS, seed=3),
        _examples(1),
        _examples(2),
        Recipe(epochs=epochs, learning_rate=5e-3, batch_tickets=16, patience_epochs=9),
        Run(folder=folder, seed=7, progress=Silent()),
    )


_KILLED = """
import sys
from pathlib import Path
from transformers import TrainerCallback
import trainer.fit.finetune as module
import tests.factories.formats
from tests.integration.test_finetuning import train_here
import os, signal

def killed(self, args, state, control, **_):
    if state.epoch and state.epoch > 2.4:
        os.kill(os.getpid(), signal.SIGKILL)

module._Steps.on_step_end = killed
train_here(Path(sys.argv[1]))
"""


def test_fine_tuning_learns(tmp_path: Path) -> None:
    history = train_here(tmp_path / "run")
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4]
    assert history[-1]["loss"] < history[0]["loss"]
    assert max(entry["macro_f1"] for entry in history) > 0.4


def test_a_killed_fine_tuning_goes_on_to_the_same_history(tmp_path: Path) -> None:
    whole = train_here(tmp_path / "whole")
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path / "killed")], check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    torn = tmp_path / "killed" / "checkpoint-9999"
    torn.mkdir()
    resumed = train_here(tmp_path / "killed")
    assert len(resumed) == len(whole)
    for one, other in zip(resumed, whole, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    assert json.dumps(resumed)
