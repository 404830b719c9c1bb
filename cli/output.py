"""What a command says: words for people, JSON for machines, errors in one line each.

For people everything goes to stdout. With `--json` stdout carries JSON alone, its last line the
result, and the words go to stderr.
"""

import json
import sys
from typing import Any

from rich.console import Console, RenderableType


class Output:
    """The two streams of one command.

    Args:
        as_json: whether stdout is read by a machine.

    Attributes:
        as_json: likewise.
        words: the console for people; marks nothing up and wraps nothing by itself.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.words = Console(stderr=as_json, highlight=False, markup=False, soft_wrap=True)

    def say(self, words: RenderableType = "") -> None:
        """A line, or a table, for people."""
        self.words.print(words)

    def result(self, value: Any) -> None:
        """The result as one line of JSON; nothing without `--json`."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False), flush=True)


def complain(message: str) -> None:
    """One line on stderr."""
    print(message, file=sys.stderr, flush=True)


def printable(text: str, width: int) -> str:
    """Text from outside as one line of at most `width` characters that no terminal obeys.

    Control, format and surrogate characters become spaces: escape sequences, line ends and
    changes of writing direction among them.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
