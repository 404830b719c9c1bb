"""What the pages say that can be checked: every command line parses, every link leads somewhere."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.main import app

_ROOT = Path(__file__).parents[3]
_PAGES = [
    _ROOT / "README.md",
    *sorted((_ROOT / "docs").rglob("*.md")),
]
_BLOCK = re.compile(r"^ *```(?:sh|console)?\n(.*?)^ *```$", re.M | re.S)
_BEFORE = r"docker compose (?:exec|run) .*? |kubectl exec .* -- |.*[|;] *"
_OURS = re.compile(rf"^(?:{_BEFORE})?(pointsman .*)$")
_FILE = re.compile(r"[\w-]+\.\w+(\.gz)?")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_NAMED = re.compile(r"`pointsman ([a-z][^`]*)`")
_HEADING = re.compile(r"^#+ (.*)$", re.M)


def _lines(page: Path) -> Iterator[str]:
    """Every line of a block that calls `pointsman`, with continued ones in one."""
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if found := _OURS.search(line.strip()):
                yield found[1]


def _words(line: str) -> list[str]:
    """The arguments up to a pipe, a redirection or a comment."""
    words = shlex.split(line, comments=True)[1:]
    ends = [n for n, word in enumerate(words) if word in ("|", "<", ">", "&&", ";", "&")]
    return words[: ends[0]] if ends else words


_CALLS = [
    pytest.param(_words(line), id=f"{page.relative_to(_ROOT)}: {line}")
    for page in _PAGES
    for line in _lines(page)
]


@pytest.mark.parametrize("words", _CALLS)
def test_a_command_line_in_the_pages_is_one_that_there_is(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in filter(_FILE.fullmatch, words):
        (tmp_path / word).touch()  # some options want it to be there
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words, "a command is missing"
        command = command.commands[words.pop(0)]
    command.make_context("pointsman", words)  # raises for an option that is not there


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_a_command_named_in_the_text_is_one_that_there_is(page: Path) -> None:
    top: Any = typer.main.get_command(app)
    for said in _NAMED.findall(" ".join(page.read_text(encoding="utf-8").split())):
        first, *rest = said.split()
        assert first in top.commands, said
        inner = getattr(top.commands[first], "commands", None)
        if inner and rest:
            assert set(rest[0].split("|")) <= inner.keys(), said


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_a_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        target, _, place = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        if place and file.suffix == ".md":
            assert place in map(_anchor, _HEADING.findall(file.read_text(encoding="utf-8"))), link


def test_the_index_names_every_page() -> None:
    index = (_ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    docs = _ROOT / "docs"
    named = {str((docs / link).resolve()) for link in _LINK.findall(index)}
    pages = {str(page) for page in docs.rglob("*.md") if page.parent.name != "decisions"}
    assert pages - named == {str(docs / "README.md")}


def _anchor(heading: str) -> str:
    """As forges make them of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
