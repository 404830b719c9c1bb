"""A backup taken while tickets come in and are decided, then everything wiped, then restored."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from cli.main import main
from store.decided.decisions import finish
from store.engine import transaction
from store.models import model_versions
from store.queue import workers
from store.queue.claims import claim, give_back_of_the_dead
from store.queue.tickets import accept
from tests.factories.processes import wait_until
from tests.factories.values import a_ticket, finished
from tests.integration.cli.conftest import Run

_DECIDED = text("SELECT t.external_id FROM tickets t JOIN decisions d ON d.ticket_id = t.id")


class _Load:
    """Sends tickets, and decides them, until it is stopped."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._worker = transaction(engine, _register)
        self.acknowledged: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        stopping = threading.Event()
        threads = [
            threading.Thread(target=_again_and_again, args=(work, stopping))
            for work in (self._send, self._decide)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join()

    def wait_for(self, tickets: int) -> None:
        goal = len(self.acknowledged) + tickets
        wait_until(lambda: len(self.acknowledged) >= goal, timeout_s=120, what=f"{goal} sent")

    def _send(self) -> None:
        ticket = a_ticket(f"t-{len(self.acknowledged)}")
        transaction(self._engine, lambda c: accept(c, [ticket], source="shop"))
        self.acknowledged.append(ticket.id)

    def _decide(self) -> None:
        transaction(self._engine, lambda c: _decide(c, self._worker))


def test_nothing_acknowledged_before_the_dump_is_lost_and_the_rest_can_be_sent_again(
    run: Run, configured: Path, engine: Engine, tmp_path: Path
) -> None:
    elsewhere, folder = _a_model(engine, tmp_path / "elsewhere"), tmp_path / "backup"
    load = _Load(engine)
    with load.running():
        load.wait_for(20)
        before = list(load.acknowledged)
        status, made = run("backup", str(folder))
        load.wait_for(10)
    assert status == 0

    _wipe(engine)
    shutil.rmtree(elsewhere)
    status, restored = run("restore", str(folder))
    assert (status, restored["tickets"]) == (0, made["tickets"])

    kept = _external_ids(engine)
    assert set(before) <= kept
    assert kept < set(load.acknowledged)
    again = [a_ticket(id_) for id_ in load.acknowledged]
    transaction(engine, lambda c: accept(c, again, source="shop"))
    worker = transaction(engine, _register)
    transaction(engine, give_back_of_the_dead)  # nobody holds a worker's lock
    while transaction(engine, lambda c: _decide(c, worker)):
        pass
    with engine.connect() as connection:
        assert sorted(connection.execute(_DECIDED).scalars()) == sorted(load.acknowledged)
        active = model_versions.active(connection)
    assert active is not None
    assert active.path == configured / "models" / "v1"
    assert (active.path / "manifest.json").read_text() == "{}"


def test_what_a_database_holds_is_replaced_on_request_alone_and_never_under_a_process(
    run: Run, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "backup")
    assert run("backup", folder)[0] == 0
    transaction(engine, lambda c: accept(c, [a_ticket("late")], source="shop"))
    assert main(["restore", folder, "--replace"]) == 2
    assert "in use by 1 other connections" in capsys.readouterr().err
    engine.dispose()
    assert main(["restore", folder]) == 2
    assert "--replace" in capsys.readouterr().err
    assert run("restore", folder, "--replace")[0] == 0
    assert _external_ids(engine) == set()


def test_an_altered_backup_is_refused_and_none_is_overwritten(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "backup"
    run("backup", str(folder))
    assert folder.stat().st_mode & 0o077 == 0
    assert main(["backup", str(folder)]) == 2
    with (folder / "database.dump").open("ab") as stream:
        stream.write(b"more")
    assert main(["restore", str(folder)]) == 2
    assert "database.dump is missing or altered" in capsys.readouterr().err


def _again_and_again(work: Callable[[], None], stopping: threading.Event) -> None:
    while not stopping.wait(0.01):
        work()


def _register(connection: Connection) -> int:
    return workers.register(connection, host="here", pid=1, device="cpu", rung="model")


def _decide(connection: Connection, worker: int) -> int:
    claims = claim(connection, worker=worker, most=5, lease_s=30)
    finish(connection, [finished(one) for one in claims])
    return len(claims)


def _a_model(engine: Engine, folder: Path) -> Path:
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    transaction(
        engine,
        lambda c: model_versions.register(c, version="v1", path=folder, labels=["a"], metrics={}),
    )
    transaction(engine, lambda c: model_versions.activate(c, "v1", actor="test"))
    return folder


def _wipe(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def _external_ids(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT external_id FROM tickets")).scalars())
