"""Every page of the console, found in the table of doors so that a new one cannot be left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from store.engine import transaction
from web.access import ACCESS, OPEN
from web.console.departments.shown import key_of as department_key
from web.console.labels.shown import key_of as label_key

_NO_PAGES = ("/v1/", "/metrics", "/health/live", "/health/ready", "/sign-in/oidc")
_FILLED = {
    "/tickets/{ticket_id}": "SELECT id FROM tickets WHERE state IN ('decided', 'review') "
    "ORDER BY external_id LIKE 'x-%' DESC, received_at DESC, id LIMIT 1",
    "/models/{version}": "SELECT version FROM model_versions ORDER BY created_at DESC LIMIT 1",
    "/admin/erasures/{erasure_id}": "SELECT id FROM erasures LIMIT 1",
    "/admin/proposals/{proposal_id}": "SELECT max(id) FROM proposals",
    "/admin/connections/{name}": "SELECT name FROM helpdesk_connections LIMIT 1",
    "/admin/webhooks/{webhook_id}": "SELECT max(id) FROM webhook_endpoints",
    "/training/{run}": "SELECT max(id) FROM training_runs",
    "/labels/changes/{number}": "SELECT max(id) FROM label_requests",
    "/labels/{key}": "SELECT name FROM labels ORDER BY name = 'refund' DESC LIMIT 1",
    "/departments/{key}": "SELECT name FROM departments ORDER BY name = 'billing' DESC LIMIT 1",
}
"""What stands for the first parameter of an address that begins so."""
_COMPARED = (
    "SELECT '?a=' || min(version) || '&b=' || max(version) FROM model_versions HAVING count(*) > 1"
)
_KEYS = {
    "/labels/{key}": label_key,
    "/departments/{key}": department_key,
}
"""How a name becomes a key."""
_ASKED = {"/models/compare": _COMPARED}
"""Queries without which a page shows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One door for browsers: its template of a path, an address behind it, and whom it lets in."""

    door: str
    address: str
    is_open: bool


def pages(engine: Engine, *, all_filled: bool = True) -> list[Page]:
    """Doors that browsers read: pages, and parts of pages.

    Args:
        engine: of the database that they show.
        all_filled: whether the database has something for each; otherwise pages of what it lacks
            are left out.
    """
    return transaction(engine, lambda c: list(_pages(c, all_filled=all_filled)))


def _pages(connection: Connection, *, all_filled: bool) -> Iterator[Page]:
    for (method, path), door in ACCESS.items():
        if method != "GET" or path.startswith(_NO_PAGES):
            continue
        address = _address(connection, path)
        if address is not None:
            yield Page(door=path, address=address, is_open=door is OPEN)
        else:
            assert not all_filled, f"tests/browser/pages.py has nothing to show at {path}"


def _address(connection: Connection, path: str) -> str | None:
    address: str | None = path
    for begin, query in _FILLED.items():
        if path.startswith(begin):
            address = _filled(connection, path, begin, query)
    if address is None or "{" in address:
        return None
    asked = _ASKED.get(path)
    tail = "" if asked is None else connection.execute(text(asked)).scalar()
    return None if tail is None else address + tail


def _filled(connection: Connection, path: str, begin: str, query: str) -> str | None:
    found = connection.execute(text(query)).scalar()
    if found is None:
        return None
    value = _KEYS.get(begin, str)(found)
    return begin[: begin.index("{")] + value + path.removeprefix(begin)
