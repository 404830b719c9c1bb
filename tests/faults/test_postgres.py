"""C9 to C13: a PostgreSQL that restarts, fails over, is full in every way, and is contended for."""

import itertools
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random

import psutil
import psycopg
import pytest
from sqlalchemy import text

from core.errors import Transient
from store.engine import transaction
from tests.factories.postgres_server import PostgresServer
from tests.factories.processes import wait_until
from tests.factories.values import a_ticket, tickets
from tests.faults.clusters import cluster, migrated, system_on
from tests.faults.conftest import Run, System, Web, not_here
from tests.faults.invariants import undecided
from tests.faults.ledger import WebSender
from tests.faults.proxy import Proxy

_DISK_BYTES = 120 * 2**20


def test_c9_an_immediate_restart_in_mid_run_loses_and_doubles_nothing(
    roomy: Path, redis_url: str, tmp_path: Path, run: Run
) -> None:
    """Doors say 503 meanwhile; a commit whose answer was lost is asked for again under its key."""
    with ExitStack() as open_:
        server = open_.enter_context(cluster(roomy / "restarted"))
        engine = open_.enter_context(migrated(server.url))
        system = open_.enter_context(system_on(engine, server.url, redis_url, tmp_path, run.seed))
        worker = system.start_worker()
        system.wait_for_workers(1)
        web = system.start_web()
        rounds = run.of(1, 2, 20)
        recoveries = [_restarted_under_load(system, web, server, n) for n in range(rounds)]
        system.wait_until_decided()
        system.close_books(
            "C9", "PostgreSQL restarted at once", faults=rounds, recoveries=recoveries
        )
        assert worker.deaths == web.running.deaths == 0


def _restarted_under_load(system: System, web: Web, server: PostgresServer, round_: int) -> float:
    """However fast the machine, tickets come until one was decided after the restart."""
    sender, over = web.sender(), threading.Event()

    def send() -> None:
        for part in itertools.count():
            sender.send(tickets(10, prefix=f"r{round_}-{part}"))
            if over.wait(0.02):
                return

    sending = threading.Thread(target=send)
    sending.start()
    time.sleep(0.5)
    server.stop("immediate")
    time.sleep(1)
    server.start()
    back = time.monotonic()
    decided = _decided(system)
    try:
        wait_until(lambda: _decided(system) > decided, timeout_s=60, what="a decision after it")
        return time.monotonic() - back
    finally:
        over.set()
        sending.join()


def _decided(system: System) -> int:
    statement = text("SELECT count(*) FROM decisions")
    try:
        found = transaction(system.engine, lambda c: c.execute(statement).scalar_one())
    except Transient:
        return 0
    return int(found)


def test_every_connection_cut_in_mid_run_loses_and_doubles_nothing(
    roomy: Path, redis_url: str, tmp_path: Path, run: Run
) -> None:
    """A killed backend makes the postmaster reset all of them, and with them every lock."""
    with ExitStack() as open_:
        server = open_.enter_context(cluster(roomy / "reset"))
        engine = open_.enter_context(migrated(server.url))
        system = open_.enter_context(system_on(engine, server.url, redis_url, tmp_path, run.seed))
        worker = system.start_worker()
        system.wait_for_workers(1)
        rounds = run.of(2, 5, 30)
        for round_ in range(rounds):
            system.sender.send(tickets(200, prefix=f"r{round_}"))
            time.sleep(0.05)
            _kill_a_backend(system)
        system.wait_until_decided()
        system.close_books("C9", "a backend of PostgreSQL killed", faults=rounds)
        assert worker.deaths == 0


def _kill_a_backend(system: System) -> None:
    started = _writer_started(system)
    pid = transaction(system.engine, lambda c: c.execute(text("SELECT pg_backend_pid()")).scalar())
    assert pid is not None
    psutil.Process(int(pid)).send_signal(signal.SIGKILL)
    wait_until(
        lambda: _writer_started(system) not in (None, started), timeout_s=30, what="back again"
    )


def _writer_started(system: System) -> object:
    """When the background writer was started, as with every reset; None while all are away."""
    statement = text(
        "SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'background writer'"
    )
    try:
        return transaction(system.engine, lambda c: c.execute(statement).scalar())
    except Transient:
        return None


@pytest.mark.short
def test_c10_a_failover_to_a_synchronous_standby_loses_nothing(
    roomy: Path, redis_url: str, tmp_path: Path, run: Run
) -> None:
    with ExitStack() as open_:
        primary = open_.enter_context(cluster(roomy / "primary"))
        standby = PostgresServer(roomy / "standby", synchronous_standby_names="")
        standby.copy_of(primary)
        standby.start()
        open_.callback(standby.stop)
        _make_synchronous(primary)
        proxy = open_.enter_context(Proxy(("127.0.0.1", primary.port)))
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres"
        engine = open_.enter_context(migrated(url))
        system = open_.enter_context(system_on(engine, url, redis_url, tmp_path, run.seed))
        worker = system.start_worker()
        system.wait_for_workers(1)
        sender = system.start_web().sender()
        sending = threading.Thread(
            target=lambda: [sender.send(tickets(10, prefix=f"f{n}")) for n in range(30)]
        )
        sending.start()
        time.sleep(0.5)
        primary.stop("immediate")
        standby.promote()
        proxy.target = ("127.0.0.1", standby.port)
        proxy.cut()
        began = time.monotonic()
        sending.join()
        system.wait_until_decided()
        took = time.monotonic() - began
        system.close_books("C10", "PostgreSQL fails over", faults=1, recoveries=[took])
        assert worker.deaths == 0


def _make_synchronous(primary: PostgresServer) -> None:
    """From now on a commit is answered when the standby has it too."""
    with psycopg.connect(primary.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
        state = "SELECT sync_state FROM pg_stat_replication"

        def is_synchronous() -> bool:
            row = connection.execute(state).fetchone()
            return row is not None and row[0] == "sync"

        wait_until(is_synchronous, timeout_s=60, what="a synchronous standby")


@pytest.mark.short
def test_c11_without_a_free_connection_doors_say_so_and_work_goes_on_after(
    roomy: Path, redis_url: str, tmp_path: Path, run: Run
) -> None:
    with ExitStack() as open_:
        server = open_.enter_context(
            cluster(roomy / "small", max_connections="24", superuser_reserved_connections="0")
        )
        engine = open_.enter_context(migrated(server.url))
        system = open_.enter_context(system_on(engine, server.url, redis_url, tmp_path, run.seed))
        worker = system.start_worker()
        system.wait_for_workers(1)
        undecided(engine)  # a connection of our own, kept
        web = system.start_web(POINTSMAN_STATEMENT_TIMEOUT_S="2")
        with _all_taken(server.url):
            refused = web.sender().try_once(tickets(10, prefix="crowded"), "crowded")
        assert refused is None or refused.status_code in (202, 503)
        web.sender().send(tickets(20, prefix="after"))
        web.sender().send(tickets(10, prefix="crowded"))
        system.wait_until_decided()
        system.close_books("C11", "no free connection", faults=1)
        assert web.running.deaths == 0
        assert worker.deaths <= 1


@contextmanager
def _all_taken(url: str) -> Iterator[None]:
    taken = []
    with suppress(psycopg.OperationalError):
        for _ in range(50):
            taken.append(psycopg.connect(url))
    try:
        yield
    finally:
        for connection in taken:
            connection.close()


@pytest.mark.short
def test_c12_a_full_disk_is_never_a_false_acceptance(
    roomy: Path, redis_url: str, tmp_path: Path, run: Run
) -> None:
    with ExitStack() as open_:
        disk = open_.enter_context(_small_disk(roomy / "disk"))
        server = PostgresServer(disk / "data", shared_buffers="16MB")
        server.create(wal=roomy / "wal")
        server.start()
        open_.callback(server.stop)
        engine = open_.enter_context(migrated(server.url))
        system = open_.enter_context(system_on(engine, server.url, redis_url, tmp_path, run.seed))
        worker = system.start_worker()
        system.wait_for_workers(1)
        sender = system.start_web().sender()
        sender.send(tickets(50, prefix="before"))
        filler = disk / "filler"
        _fill(filler)
        statuses = [_large(sender, n) for n in range(8)]
        filler.unlink()
        assert 503 in statuses, statuses
        assert set(statuses) <= {0, 202, 503}, statuses
        sender.send(tickets(50, prefix="after"))
        system.wait_until_decided()
        system.close_books("C12", "disk of PostgreSQL full", faults=1)
        assert worker.deaths == 0


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs"]
    if subprocess.run(["mount", *options, str(folder)], check=False).returncode:
        not_here("a small disk cannot be mounted: this needs root")
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 65_536)


def _large(sender: WebSender, number: int) -> int:
    """The status of ten tickets of a long text that is hard to compress; 0 for no answer."""
    said = "".join(Random(number).choices("abcdefghijklmnopqrstuvwxyz ", k=90_000))
    batch = [a_ticket(f"large-{number}-{n}", body=said) for n in range(10)]
    answer = sender.try_once(batch, f"large-{number}")
    return 0 if answer is None else answer.status_code


@pytest.mark.short
def test_c13_conflicts_and_locked_tables_delay_and_double_nothing(system: System, run: Run) -> None:
    worker = system.start_worker("--conflicts=0.05")
    system.wait_for_workers(1)
    rounds = run.of(1, 2, 10)
    for round_ in range(rounds):
        system.sender.send(tickets(200, prefix=f"c{round_}"))
        with system.engine.begin() as blocker:
            blocker.execute(text("LOCK TABLE tickets IN EXCLUSIVE MODE"))
            time.sleep(3)
    system.wait_until_decided()
    system.close_books("C13", "conflicts at 5 %, tickets locked 3 s", faults=rounds)
    assert worker.deaths == 0
