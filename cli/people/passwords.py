"""Where a password comes from: a file, the terminal, or chance."""

import sys
from pathlib import Path

import typer

from core.errors import Invalid
from core.passwords import generated, hash_password

_LONGEST_FILE = 10_000


def chosen(file: Path | None, *, min_chars: int) -> tuple[str | None, str]:
    """A password that was made here, to be shown once, or None; and the hash to keep.

    Args:
        file: that holds it in its first line, `-` for stdin; None asks on a terminal, and makes
            one where there is no terminal or nothing is typed.
        min_chars: fewest characters.

    Raises:
        Invalid: the file cannot be read, or the password is too short.
    """
    given = _typed() if file is None else _first_line(file)
    if file is None and not given:
        made = generated()
        return made, hash_password(made, min_chars=1)
    return None, hash_password(given, min_chars=min_chars)


def _typed() -> str:
    if not sys.stdin.isatty():
        return ""
    words = "Password (nothing, to have one made)"
    typed: str = typer.prompt(
        words, default="", show_default=False, hide_input=True, confirmation_prompt=True, err=True
    )
    return typed


def _first_line(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.readline(_LONGEST_FILE).rstrip("\r\n")
    try:
        with file.open(encoding="utf-8") as lines:
            return lines.readline(_LONGEST_FILE).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{file} cannot be read"
        raise Invalid("--password-file", problem, "name a file of UTF-8, or - for stdin") from error
