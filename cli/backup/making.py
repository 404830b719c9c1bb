"""A backup: the database as of one moment, then every file that it names.

Models, data sets and drift references never change once they are published, so copying them after
the database gives a whole. Redis is left out: its messages are hints, and workers find by looking
what the database holds.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, text

from cli.backup.description import Description, sha256, write_description
from cli.running.services import Connected
from core.errors import Invalid
from migrations.upgrade import current_and_head
from store import dumps
from store.engine import transaction
from store.models import model_versions, snapshots

DATABASE = "database.dump"
BESIDE = ("drift", "drift_pages", "keys")
"""Folders of the state folder that go along whole: references and reports of drift, and keys."""


def back_up(here: Connected, folder: Path) -> Description:
    """Makes a backup; the folder appears when it is whole, and only its owner may read it.

    Raises:
        Invalid: something is there already, or a model's folder is not on this machine.
        Permanent: `pg_dump` failed.
    """
    if folder.exists():
        raise Invalid("DIR", f"{folder} is there already", "name a new folder")
    aside = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o700)
    try:
        made = _fill(here, aside)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return made


def _fill(here: Connected, folder: Path) -> Description:
    revision, _ = current_and_head(here.engine)
    made_at = transaction(here.engine, _now)
    dumps.dump(here.engine, here.services.database_url, folder / DATABASE)
    tickets, models, held = transaction(here.engine, _named)
    copied = _copy_all(folder, "models", models), _copy_all(folder, "snapshots", held)
    for name in BESIDE:
        if (here.settings.state_dir / name).is_dir():
            shutil.copytree(here.settings.state_dir / name, folder / name)
    description = Description(
        made_at=made_at,
        revision=revision or "",
        tickets=tickets,
        models=copied[0],
        snapshots=copied[1],
        files={str(f.relative_to(folder)): sha256(f) for f in _files(folder)},
    )
    write_description(folder, description)
    return description


def _now(connection: Connection) -> str:
    return str(connection.execute(text("SELECT clock_timestamp()")).scalar_one().isoformat())


def _named(connection: Connection) -> tuple[int, dict[str, Path], dict[str, Path]]:
    tickets = connection.execute(text("SELECT count(*) FROM tickets")).scalar_one()
    models = {known.version: known.path for known in model_versions.known_versions(connection)}
    return tickets, models, snapshots.places(connection)


def _copy_all(folder: Path, kind: str, places: Mapping[str, Path]) -> dict[str, str]:
    """Copies folders that are here; those that are not were removed by their owner."""
    there = {name: place for name, place in places.items() if place.is_dir()}
    for name, place in there.items():
        shutil.copytree(place, folder / kind / name)
    return {name: f"{kind}/{name}" for name in there}


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())
