"""Scopes that were given on a command line."""

from core.errors import Invalid
from web.access import SCOPES


def checked(given: list[str] | None) -> tuple[str, ...] | None:
    """The scopes; None where none was given, which means all.

    Raises:
        Invalid: no door asks for one of them.
    """
    if unknown := next((scope for scope in given or () if scope not in SCOPES), None):
        raise Invalid("--scope", f"{unknown!r} is none", f"take of {', '.join(SCOPES)}")
    return tuple(given) if given else None
