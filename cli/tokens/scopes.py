"""Scopes and sources that were given on a command line."""

from core.errors import Invalid
from core.text import clean_text
from web.access import SCOPES

_MAX_SOURCE_CHARS = 200


def checked(given: list[str] | None) -> tuple[str, ...] | None:
    """The scopes; None where none was given, which means all.

    Raises:
        Invalid: no door asks for one of them.
    """
    if unknown := next((scope for scope in given or () if scope not in SCOPES), None):
        raise Invalid("--scope", f"{unknown!r} is none", f"take of {', '.join(SCOPES)}")
    return tuple(given) if given else None


def named(given: list[str] | None) -> tuple[str, ...] | None:
    """The sources; None where none was given, which means all.

    Raises:
        Invalid: one of them says nothing, or too much.
    """
    cleaned = tuple(clean_text(source).text for source in given or ())
    if not all(1 <= len(source) <= _MAX_SOURCE_CHARS for source in cleaned):
        raise Invalid("--source", "is empty or too long", "name a source as tickets have it")
    return cleaned or None
