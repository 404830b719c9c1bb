"""People in words and as JSON, without their passwords."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from store.access.people import Person


def person_line(one: Person) -> str:
    """One line: who, as what, how they come in, and whether they can."""
    way = " or ".join(way for way, goes in _ways(one) if goes) or "no way in"
    return f"{one.name:<30}  {one.role:<8}  {way}{_state(one)}"


def person_object(one: Person) -> dict[str, Any]:
    """JSON-ready."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(one).items()
    }


def _ways(one: Person) -> tuple[tuple[str, bool], ...]:
    return ("password", one.has_password), ("OpenID", one.oidc_issuer is not None)


def _state(one: Person) -> str:
    if one.disabled_at is not None:
        return f", disabled {one.disabled_at:%Y-%m-%d %H:%M}"
    if one.locked_until is not None:
        return f", locked until {one.locked_until:%Y-%m-%d %H:%M}"
    seen = one.signed_in_at
    return ", never signed in" if seen is None else f", signed in {seen:%Y-%m-%d %H:%M}"
