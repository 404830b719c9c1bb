"""Endpoints and deliveries in words, without secrets."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from cli.output import printable
from store.delivery.delivery_log import Logged
from store.delivery.webhook_endpoints import Endpoint, EndpointState

_TARGET_CHARS = 60
_ERROR_CHARS = 60


def endpoint_line(one: Endpoint, *, now: datetime) -> str:
    """One line: which, where, how it stands, what waits."""
    target = printable(one.target, _TARGET_CHARS)
    return (
        f"{one.id:>4}  {target}  {_standing(one, now)}, {one.delivered} delivered, "
        f"{one.failed} failed, {one.waiting} waiting"
    )


def endpoint_object(one: Endpoint) -> dict[str, Any]:
    """JSON-ready."""
    return _plain(asdict(one))


def delivery_line(one: Logged) -> str:
    """One line: which, what, when, how it stands, what was said last."""
    last = printable(one.last_error or "", _ERROR_CHARS)
    words = f" {last}" if last else ""
    return (
        f"{one.id:>8}  {one.created_at:%Y-%m-%d %H:%M:%S}  {one.event:<24}  {one.state:<9}  "
        f"{one.attempts} attempts{words}"
    )


def delivery_object(one: Logged) -> dict[str, Any]:
    """JSON-ready."""
    return _plain(asdict(one))


def _standing(one: Endpoint, now: datetime) -> str:
    if one.state is not EndpointState.ACTIVE:
        return f"{one.state} ({one.why})"
    if one.open_until is None:
        return "active"
    if one.open_until > now:
        return f"left alone until {one.open_until:%H:%M:%S} after {one.failures} failures"
    return f"tried with one request after {one.failures} failures"


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in fields.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
