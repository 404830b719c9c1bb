"""Tokens in words, without their secrets."""

from datetime import datetime
from typing import Any

from cli.output import printable
from store.access.api_tokens import ApiToken

_NAME_CHARS = 40


def token_line(token: ApiToken, *, now: datetime) -> str:
    """One line: whose, what for, whether it lives, when it was last used."""
    used = "never used" if token.last_used_at is None else f"used {_moment(token.last_used_at)}"
    name = printable(token.name, _NAME_CHARS)
    scopes = "" if token.scopes is None else f", only {' '.join(token.scopes)}"
    of = printable(" ".join(token.sources or ()), _NAME_CHARS)
    sources = f", tickets of {of}" if of else ""
    return f"{name:<20}  {token.role:<8}  {_life(token, now)}, {used}{scopes}{sources}"


def token_object(token: ApiToken) -> dict[str, Any]:
    """JSON-ready."""
    moments = ("created_at", "expires_at", "last_used_at", "revoked_at", "old_secret_until")
    return {
        "name": token.name,
        "role": token.role,
        "scopes": None if token.scopes is None else list(token.scopes),
        "sources": None if token.sources is None else list(token.sources),
        "created_by": token.created_by,
        **{name: _iso(getattr(token, name)) for name in moments},
    }


def _life(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return f"revoked {_moment(token.revoked_at)}"
    if token.expires_at is None:
        return "lives"
    over = token.expires_at <= now
    return f"{'over since' if over else 'lives until'} {_moment(token.expires_at)}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
