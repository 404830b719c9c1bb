"""Which pages there are."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from cli.reference.commands import commands_page
from cli.reference.doors import doors_page
from cli.reference.events import events_page
from cli.reference.metrics import metrics_page
from cli.reference.settings import settings_page

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "api.md": doors_page,
        "cli.md": commands_page,
        "events.md": events_page,
        "metrics.md": metrics_page,
        "settings.md": settings_page,
    }
)
"""Every page by its file in docs/reference."""
