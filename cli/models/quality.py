"""`pointsman models quality`: how good decisions were by what agents said of them."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from core.types import GroupBy

EXAMPLE = "Example: pointsman models quality --by label --days 30"


def command(  # noqa: PLR0913  (an option each)
    *,
    by: Annotated[GroupBy, typer.Option(help="What figures are told apart by.")] = GroupBy.ALL,
    days: Annotated[int, typer.Option(min=1, help="Of tickets that arrived within.")] = 30,
    version: Annotated[
        str | None, typer.Option(help="Only decisions of this model, or its beginning.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Only tickets in it.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only tickets through it.")] = None,
    department: Annotated[str | None, typer.Option(help="Only tickets that went there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show accepted, replaced and skipped decisions, precision, recall, coverage and the audit.

    What agents say by themselves is about tickets that somebody cared about. The audit is a fair
    sample: see `pointsman corrections audit`.
    """
    from datetime import UTC, datetime, timedelta

    from cli.models.quality_view import audit_lines, audit_object, figures_object, figures_table
    from cli.running.services import connected
    from store.engine import transaction
    from store.figures.audit_sample import audit_by_version
    from store.figures.quality import Asked, figures
    from store.models.model_versions import find

    output, since = Output(as_json=as_json), datetime.now(UTC) - timedelta(days=days)
    with connected() as here:
        share = here.settings.audit_share
        chosen = None if version is None else transaction(here.engine, lambda c: find(c, version))
        asked = Asked(
            since=since,
            version=None if chosen is None else chosen.version,
            language=language,
            channel=channel,
            department=department,
        )
        found = transaction(here.engine, lambda c: figures(c, asked, by))
        audits = transaction(here.engine, lambda c: audit_by_version(c, since, share))
    if asked.version is not None:
        audits = {name: count for name, count in audits.items() if name == asked.version}
    output.say(figures_table(found, by))
    for line in audit_lines(audits):
        output.say(line)
    output.result(
        {
            "by": by,
            "days": days,
            "figures": {name: figures_object(group) for name, group in found.items()},
            "audit": {name: audit_object(count, share) for name, count in audits.items()},
        }
    )
