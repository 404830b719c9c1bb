"""One sweep over the state folder: data sets, references, features, and what killed trainings left.

It goes by the whole list of what was ever erased, so that one that was killed, or files that came
back from a backup, are put right by the next.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine

from store.engine import transaction
from store.erasure import erasures, exclusions
from store.erasure.erasures import Erasure
from store.models import snapshots
from trainer.drift.reference import forget
from trainer.fit import embedding_store as embeddings
from trainer.job.request import EMBEDDINGS
from trainer.loop.snapshot import DESCRIPTION
from trainer.loop.tombstones import Tombstone, erase_from

_log = structlog.get_logger(__name__)
_NAME_CHARS = 16  # of a data set's id in the name of what is trained on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found.

    Attributes:
        snapshots: data sets with everything that is gone from each.
        references: keyed hashes of texts whose features went from drift references.
        missing: data sets on record whose folder is not here.
        busy: trainings under way on what holds something erased; their files wait.
    """

    snapshots: Mapping[str, Sequence[Tombstone]]
    references: Sequence[str]
    missing: Sequence[str]
    busy: Sequence[str]


def erase_files(
    engine: Engine, state: Path, *, before: UUID | None = None, is_trainer: bool
) -> list[UUID]:
    """Sweeps, and ends the erasures that waited for it.

    Args:
        engine: the database.
        state: the folder with `snapshots`, `drift`, `embeddings` and `models`.
        before: tickets with smaller ids are past their time and go from data sets too.
        is_trainer: this is where data sets are kept; otherwise erasures go on waiting for a
            trainer while one on record is not here.

    Returns:
        The erasures that are done now.
    """
    waiting = transaction(engine, erasures.without_files)
    swept = _sweep(engine, state, before)
    if swept.busy or (swept.missing and not is_trainer):
        _log.info("erasure_waits", busy=len(swept.busy), missing=len(swept.missing))
        return []
    transaction(engine, lambda c: _end(c, waiting, swept))
    for erasure in waiting:
        _log.info("files_erased", erasure=str(erasure.id), tickets=erasure.tickets)
    return [erasure.id for erasure in waiting]


def _sweep(engine: Engine, state: Path, before: UUID | None) -> Swept:
    known = transaction(engine, snapshots.places)
    here = {place for place in (state / "snapshots").glob("*") if (place / DESCRIPTION).is_file()}
    here |= {place for place in known.values() if (place / DESCRIPTION).is_file()}
    found = {place.name: erase_from(engine, place, before=before) for place in sorted(here)}
    references = [forget(engine, file) for file in (state / "drift").glob("*.safetensors")]
    held = [name for name, stones in found.items() if stones]
    busy = list(_busy(state / "models", held))
    stones = {stone.text for own in found.values() for stone in own}
    # Last: a training that ended just now has left its features by then.
    embeddings.forget(state / EMBEDDINGS, lambda hashes: _gone(engine, hashes, stones))
    return Swept(
        snapshots=found,
        references=[keyed for file in references for keyed in file],
        missing=sorted(name for name, place in known.items() if place not in here),
        busy=busy,
    )


def _gone(engine: Engine, hashes: Sequence[bytes], stones: AbstractSet[str]) -> set[bytes]:
    """Those of some hashes of texts that were erased or lie under a tombstone."""
    marks = [hash_.hex() for hash_ in hashes]

    def ask(connection: Connection) -> set[str]:
        keyed = exclusions.keyed_texts(connection, marks)
        under = {mark for mark, known in keyed.items() if known in stones}
        return under | exclusions.erased_texts(connection, marks)

    return {bytes.fromhex(mark) for mark in transaction(engine, ask)}


def _busy(models: Path, held: Iterable[str]) -> Iterable[str]:
    """Removes what killed trainings left of their data; names those that are under way."""
    for name in held:
        for folder in models.glob(f"{name[:_NAME_CHARS]}-*.partial"):
            try:
                with FileLock(folder / "lock", timeout=0):
                    shutil.rmtree(folder)
            except Timeout:
                yield folder.name


def _end(connection: Connection, waiting: Sequence[Erasure], swept: Swept) -> None:
    for erasure in waiting:
        erasures.end_files(connection, erasure.id, _said(connection, erasure, swept))


def _said(connection: Connection, erasure: Erasure, swept: Swept) -> dict[str, Any]:
    """What the receipt tells of files, for one erasure among those that a sweep was for."""
    tickets, texts = exclusions.of_erasure(connection, erasure.id)
    rows = {
        name: sum(stone.ticket_id in tickets or stone.text in texts for stone in stones)
        for name, stones in swept.snapshots.items()
    }
    return {
        "snapshots": [{"snapshot": name, "rows": count} for name, count in rows.items() if count],
        "drift_reference_texts": sum(keyed in texts for keyed in swept.references),
        "snapshots_missing": list(swept.missing),
    }
