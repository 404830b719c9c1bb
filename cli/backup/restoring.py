"""A backup back into a database and a state folder that nobody uses meanwhile."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, text

from cli.backup.description import Description, read_description
from cli.backup.making import BESIDE, DATABASE
from cli.running.services import Connected
from core.errors import Invalid
from migrations.upgrade import knows, upgrade
from store import dumps
from store.engine import transaction

_PATHS = {
    "models": text("UPDATE model_versions SET artifact_path = :path WHERE version = :id"),
    "snapshots": text("UPDATE dataset_snapshots SET path = :path WHERE id = :id"),
}


def put_back(here: Connected, folder: Path, *, replace: bool) -> Description:
    """Restores a backup and brings it to this version's schema.

    Args:
        here: where to; nobody else may be connected to its database.
        folder: of the backup.
        replace: whether what the database holds may go.

    Raises:
        Invalid: the folder is no sound backup, a later version made it, somebody is connected, or
            the database holds something that may not go.
        Permanent: `pg_restore` failed; the database is empty then.
    """
    found = read_description(folder)
    if not knows(here.engine, found.revision):
        fix = "restore with the version that made it, or a later one"
        raise Invalid("DIR", f"has schema {found.revision}, which is not known here", fix)
    transaction(here.engine, lambda c: _check_target(c, replace=replace))
    dumps.restore(here.engine, here.services.database_url, folder / DATABASE)
    state = here.settings.state_dir
    _copy(folder, state, found.models, found.snapshots)
    transaction(here.engine, lambda c: _correct_paths(c, state, found))
    upgrade(here.engine, months_ahead=here.settings.partitions_ahead)
    return found


def _check_target(connection: Connection, *, replace: bool) -> None:
    if others := dumps.others_connected(connection):
        fix = "stop every process of Pointsman and whoever else is connected"
        raise Invalid("DATABASE_URL", f"is in use by {others} other connections", fix)
    if not replace and dumps.holds_anything(connection):
        fix = "name another database, or give --replace to lose what is there"
        raise Invalid("DATABASE_URL", "holds tickets, labels or models", fix)


def _copy(folder: Path, state: Path, *places: Mapping[str, str]) -> None:
    for place in (*(place for named in places for place in named.values()), *BESIDE):
        if (folder / place).is_dir():
            shutil.copytree(folder / place, state / place, dirs_exist_ok=True)


def _correct_paths(connection: Connection, state: Path, found: Description) -> None:
    for kind, named in (("models", found.models), ("snapshots", found.snapshots)):
        for id_, place in named.items():
            path = str((state / place).resolve())
            connection.execute(_PATHS[kind], {"id": id_, "path": path})
