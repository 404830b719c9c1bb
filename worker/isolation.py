"""A throwaway process for tickets that may have killed their worker.

It loads the same artifact on the CPU and scores one text a line. When it dies, the text that it
was working on is to blame, and the worker is not hurt.
"""

import json
import selectors
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from classifier.artifacts import open_artifact
from classifier.key_files import takers_keys
from classifier.signing import use_keys
from classifier.transformer import load_network
from core.errors import PointsmanError
from core.process import die_with_parent
from core.settings import load_settings
from core.types import Rung
from worker.scorers import NetworkScorer, Scorer

COMMAND = (sys.executable, "-m", "worker.isolation")
_READY = "ready"
_START_TIMEOUT_S = 300.0
"""Loading torch and a large network from a slow disk; no text is to blame for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A row of scores (l,), or why there is none."""

    row: Sequence[float] = ()
    error: str | None = None


class Isolation:
    """Starts the throwaway process when first needed, and again after it died.

    Args:
        timeout_s: how long one text may take before it counts as hung; loading does not count.
        command: what to start; the artifact's folder is appended.
    """

    def __init__(self, *, timeout_s: float, command: Sequence[str] = COMMAND) -> None:
        self._timeout_s = timeout_s
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self._is_ready = False

    def make_ready(self, scorer: Scorer) -> None:
        """Starts the process and has it load what the scorer is made of."""
        if isinstance(scorer, NetworkScorer):
            self._running(scorer.artifact.path)

    def score(self, text: str, scorer: Scorer) -> Answer:
        """Scores one text away from this process.

        Rungs below the network run here: they are Python and numpy, which raise and do not die.
        """
        if not isinstance(scorer, NetworkScorer):
            return _here(text, scorer)
        process = self._running(scorer.artifact.path)
        try:
            reply = self._ask(process, text) if self._is_ready else ""
        except OSError:
            reply = ""
        if reply.endswith("\n"):
            return Answer(**json.loads(reply))
        self.stop()
        return Answer(error="ended or hung every process that scored it")

    def interrupt(self) -> None:
        """Ends what is being scored, from another thread; its answer is an error then."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """Ends the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self, folder: Path) -> subprocess.Popen[str]:
        if self._process is None or self._folder != folder or self._process.poll() is not None:
            self.stop()
            self._folder = folder
            self._process = subprocess.Popen(
                [*self._command, str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self._is_ready = self._read(self._process, _START_TIMEOUT_S) == f"{_READY}\n"
        return self._process

    def _ask(self, process: subprocess.Popen[str], text: str) -> str:
        assert process.stdin is not None
        process.stdin.write(json.dumps(text) + "\n")
        process.stdin.flush()
        return self._read(process, self._timeout_s)

    def _read(self, process: subprocess.Popen[str], timeout_s: float) -> str:
        """The next line; "" when there is none in time or the process is gone."""
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            return process.stdout.readline() if selector.select(timeout_s) else ""


def _here(text: str, scorer: Scorer) -> Answer:
    try:
        return Answer(row=scorer.score(scorer.prepare([text]).items)[0].tolist())
    except Exception as error:  # one ticket's outcome, recorded with it
        return Answer(error=what_failed(error))


def what_failed(error: Exception) -> str:
    """What went wrong in words that quote no ticket: foreign messages may carry its text."""
    if isinstance(error, PointsmanError):
        return str(error)
    return f"the model cannot score this text: it ends in {type(error).__name__}"


def serve(scorer: Scorer, source: IO[str], sink: IO[str]) -> None:
    """Says that it is ready, then answers each JSON string with an `Answer`, a line each."""
    sink.write(f"{_READY}\n")
    sink.flush()
    for line in source:
        answer = _here(json.loads(line), scorer)
        sink.write(json.dumps({"row": list(answer.row), "error": answer.error}) + "\n")
        sink.flush()


def serve_artifact(folder: Path) -> None:
    """Serves an artifact's network, on the CPU, over standard input and output."""
    artifact = open_artifact(folder)
    network = load_network(artifact, device="cpu", threads=1)
    serve(NetworkScorer(network=network, rung=Rung.MODEL, artifact=artifact), sys.stdin, sys.stdout)


def main() -> None:
    """The throwaway process: `python -m worker.isolation FOLDER`."""
    die_with_parent()
    use_keys(takers_keys(load_settings()))
    serve_artifact(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
