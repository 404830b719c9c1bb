"""Pages for newcomers, followed to the letter: each command in them is typed into a shell."""

import gzip
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.data import SAMPLES
from tests.factories.commands import CommandLine, stop, wait_for_line

_DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_ROWS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """A folder that has what the pages take for granted, and services of its own."""

    folder: Path
    command_line: CommandLine

    def follow(self, page: str, *, begin: str) -> None:
        """Types in what a page says, from some words on; files that it shows are written first."""
        for language, block in _blocks(page, begin=begin):
            if language == "yaml":
                (self.folder / "rules.yaml").write_text(block)
            elif language == "" and "make " not in block:
                self._type(block)

    def _type(self, block: str) -> None:
        where = {
            "PATH": f"{self.folder / '.venv' / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(_DOCS.parent),
        }
        ran = subprocess.run(
            ["bash", "-eu", "-c", block],
            cwd=self.folder,
            env=self.command_line.environment() | where,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert ran.returncode == 0, f"{block}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"


def _blocks(page: str, *, begin: str) -> list[tuple[str, str]]:
    """Language and text of what a page shows in blocks, from some words on."""
    text = (_DOCS / page).read_text(encoding="utf-8")
    return _BLOCK.findall(text[text.index(begin) :])


@pytest.fixture
def shell() -> Iterator[Shell]:
    lines = SAMPLES.read_text(encoding="utf-8").splitlines()
    parts = {"tickets": lines[:_ROWS], "held-out": lines[_ROWS:], "history": lines}
    with tempfile.TemporaryDirectory(prefix="pointsman-docs-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # an embedded PostgreSQL started by root runs as another user
        for part, rows in parts.items():
            with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
                file.write("\n".join(rows))
        program = folder / ".venv" / "bin" / "pointsman"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli "$@"\n')
        program.chmod(0o755)
        made = Shell(folder=folder, command_line=CommandLine(state=folder / "state"))
        yield made
        assert made.command_line.wait_until_gone(30) == []


@pytest.mark.timeout(1200)
def test_the_tutorial_can_be_followed(shell: Shell) -> None:
    demo = shell.command_line.start("demo", "--tickets", "20")
    try:
        wait_for_line(demo, "Ctrl-C stops everything")
        shell.follow("tutorial.md", begin="In another terminal")
    finally:
        stop(demo)


@pytest.mark.timeout(1200)
def test_the_first_week_can_be_followed(shell: Shell) -> None:
    connection = _blocks("helpdesks/zendesk.md", begin="`zendesk.yaml`")[0][1]
    (shell.folder / "zendesk.yaml").write_text("".join(connection.splitlines(keepends=True)[:3]))
    up = shell.command_line.start("up")
    try:
        wait_for_line(up, "Console: ")
        shell.follow("how-to/first-week.md", begin="In another terminal")
    finally:
        stop(up)
