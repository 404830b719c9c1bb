"""One thing that `doctor` looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found: `fix` says what to do when it is not `ok`, else it is empty."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
