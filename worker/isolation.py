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
from classifier.transformer import load_network
from core.process import die_with_parent
from core.types import Rung
from worker.scorers import NetworkScorer, Scorer

COMMAND = (sys.executable, "-m", "worker.isolation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A row of scores (l,), or why there is none."""

    row: Sequence[float] = ()
    error: str | None = None


class Isolation:
    """Starts the throwaway process when first needed, and again after it died.

    Args:
        timeout_s: how long one text may take, loading included, before it counts as hung.
        command: what to start; the artifact's folder is appended.
    """

    def __init__(self, *, timeout_s: float, command: Sequence[str] = COMMAND) -> None:
        self._timeout_s = timeout_s
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None

    def score(self, text: str, scorer: Scorer) -> Answer:
        """Scores one text away from this process.

        Rungs below the network run here: they are Python and numpy, which raise and do not die.
        """
        if not isinstance(scorer, NetworkScorer):
            return _here(text, scorer)
        process = self._running(scorer.artifact.path)
        try:
            reply = self._ask(process, text)
        except OSError:
            reply = ""
        if reply:
            return Answer(**json.loads(reply))
        self.stop()
        return Answer(error="ended or hung every process that scored it")

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
        return self._process

    def _ask(self, process: subprocess.Popen[str], text: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(text) + "\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            return process.stdout.readline() if selector.select(self._timeout_s) else ""


def _here(text: str, scorer: Scorer) -> Answer:
    try:
        return Answer(row=scorer.score(scorer.prepare([text]).items)[0].tolist())
    except Exception as error:  # one ticket's outcome, recorded with it
        return Answer(error=type(error).__name__)


def serve(scorer: Scorer, source: IO[str], sink: IO[str]) -> None:
    """Answers one JSON string a line with one `Answer` a line, until the source ends."""
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
    serve_artifact(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
