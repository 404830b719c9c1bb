"""`pointsman backup` and `pointsman restore`: everything that must not be lost, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.output import Output

if TYPE_CHECKING:
    from cli.backup.description import Description

BACKUP_EXAMPLE = "Example: pointsman backup /backups/$(date +%F)"
RESTORE_EXAMPLE = "Example: pointsman restore /backups/2026-03-01"
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The backup's folder.")]


def backup(folder: Folder, as_json: AsJson = False) -> None:
    """Write the database, models, data sets and keys into a folder while everything runs."""
    from cli.backup.making import back_up
    from cli.running.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        made = back_up(here, folder)
    output.say(f"In {folder}: {made.tickets} tickets, {len(made.models)} model versions.")
    output.say(f"It holds all that was acknowledged before {made.made_at}.")
    output.result({**_told(made), "folder": str(folder)})


def restore(
    folder: Folder,
    replace: Annotated[
        bool, typer.Option("--replace", help="Lose what the database holds now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup into the configured database and state folder; nothing else may run."""
    from cli.backup.restoring import put_back
    from cli.running.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        found = put_back(here, folder, replace=replace)
    output.say(f"{found.tickets} tickets and {len(found.models)} models are back.")
    output.say(
        f"What came after {found.made_at} is not: have senders send it again, which doubles "
        "nothing, and erase again who was erased since."
    )
    output.result(_told(found))


def _told(description: "Description") -> dict[str, object]:
    return {
        "made_at": description.made_at,
        "revision": description.revision,
        "tickets": description.tickets,
        "models": sorted(description.models),
        "snapshots": sorted(description.snapshots),
    }
