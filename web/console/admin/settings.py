"""`/admin/settings`: every setting, its value and where that came from; nothing changes here."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.setting_words import KnownSetting, Source
from web.console.admin.rooms import room_page
from web.console.pages import Pages
from web.console.visits import visit_of
from web.console.words import N_

SOURCES: Mapping[Source, str] = {
    Source.ENVIRONMENT: N_("from the environment"),
    Source.FILE: N_("from the .env file"),
    Source.START: N_("given at the start"),
    Source.DEFAULT: N_("default"),
}
_REST = N_("Decisions and limits")
_GROUPS: Sequence[tuple[str, tuple[str, ...]]] = (
    (N_("Services and state"), ("DATABASE", "REDIS", "STATE", "STATEMENT", "PARTITIONS", "LOG")),
    (N_("Web and API"), ("HTTP", "STREAM", "IDEMPOTENCY", "REQUESTS", "TICKETS", "PUBLIC")),
    (
        N_("Signing in and control"),
        (
            *("CONSOLE", "FOUR", "SIGN", "LOCKOUT", "PASSWORD", "SESSION", "TOKEN", "OIDC"),
            *("SERVICE",),
        ),
    ),
    (N_("Privacy and retention"), ("REDACTION", "OUTBOX", "TEXT", "TRACE", "DEAD", "AUDIT_RET")),
    (N_("Model and device"), ("ENCODER", "MAX_LENGTH", "DEVICE", "CHUNK", "SUPPORTED")),
    (
        N_("Workers and messages"),
        (
            *("BATCH", "QUEUED", "MESSAGE", "PUBLISH", "POLL", "LEASE", "SWEEP", "WATCH"),
            *("RESCORE", "SHUTDOWN", "VISIBILITY", "MAINTENANCE"),
        ),
    ),
    (N_("Training and trials"), ("RETRAIN", "PROMOTE", "TRIAL", "TRAINING", "LABEL")),
    (N_("Quality, drift and review"), ("DRIFT", "AUDIT_SHARE", "REVIEW", "STATS", "MASS")),
    (N_("Explanations and suggestions"), ("EXPLAIN", "SUGGEST")),
)
"""A group, and how the names of its settings begin after the prefix."""


def setting_pages(pages: Pages, known: Sequence[KnownSetting]) -> APIRouter:
    """The page; `known` was asked for when the process started."""
    routes = APIRouter(include_in_schema=False)
    shown: dict[str, Any] = {"groups": grouped(known), "sources": SOURCES}

    @routes.get("/admin/settings")
    def page(request: Request) -> HTMLResponse:
        return room_page(pages, visit_of(request), "admin/settings.html", **shown)

    return routes


def grouped(known: Sequence[KnownSetting]) -> list[tuple[str, list[KnownSetting]]]:
    """The settings by what they are about, each once."""
    groups: dict[str, list[KnownSetting]] = {name: [] for name in (*dict(_GROUPS), _REST)}
    for setting in known:
        groups[_group_of(setting.name)].append(setting)
    return [(name, settings) for name, settings in groups.items() if settings]


def _group_of(name: str) -> str:
    word = name.removeprefix("POINTSMAN_")
    return next((group for group, begins in _GROUPS if word.startswith(begins)), _REST)
