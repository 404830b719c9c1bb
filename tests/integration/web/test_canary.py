"""A word nobody else says, followed through everything we do with a ticket, and then erased."""

import gzip
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.telemetry import configure_logging
from core.types import Role, Ticket
from store.engine import transaction
from store.queue.tickets import import_labelled
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.artifacts import LABELS, build_tiny_artifact, build_tiny_encoder
from tests.factories.callers import Serve, a_secret, bearer
from tests.factories.labelled import labelled_rows
from tests.factories.models import install
from tests.factories.processes import Processes, wait_until
from tests.factories.runs import carried_out
from trainer.loop.gate import GateLimits, GateMode
from trainer.loop.material import Doubts
from trainer.loop.runs import Plan
from trainer.privacy.sweep import erase_files

_TICKETS = 12


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Everything that this process has to say, at every level, where `capsys` hears it."""
    assert capsys
    before = logging.getLogger().handlers[:]
    configure_logging(level="DEBUG", log_format="json")
    yield
    logging.getLogger().handlers[:] = before
    logging.getLogger().setLevel("WARNING")


@pytest.mark.usefixtures("logs")
def test_an_erased_canary_is_found_nowhere(
    serve: Serve,
    engine: Engine,
    postgres_url: str,
    redis_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    canary, state = f"zx{uuid4().hex[:12]}", tmp_path / "state"
    install(engine, build_tiny_artifact(state / "models" / "first"))
    _import_history(engine, canary)
    environment = {
        "POINTSMAN_DATABASE_URL": postgres_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_STATE_DIR": str(state),
        "POINTSMAN_DEVICE": "cpu",
        "POINTSMAN_LOG_LEVEL": "DEBUG",
    }
    (tmp_path / "logs").mkdir()
    processes = Processes(tmp_path / "logs", environment)
    processes.start("-m", "worker")
    try:
        client = serve()
        client.headers.update(bearer(a_secret(engine, Role.OPS)))
        _live(client, engine, processes, canary)
        run = carried_out(engine, _plan(tmp_path, state), "canary")
        assert run.candidate is not None
        assert canary in _on_disk(state / "snapshots")
        assert canary in _in_database(engine)
        gone = client.post("/v1/erasures", json={"customer": f"{canary}@x.org"})
        assert gone.json()["tickets"] == _TICKETS + 2
        erase_files(engine, state, is_trainer=True)
    finally:
        processes.stop_all()

    said = capsys.readouterr()
    places = {
        "our log": said.out + said.err,
        "the worker's log": _on_disk(tmp_path / "logs"),
        "data sets and models": _on_disk(state),
        "the database": _in_database(engine),
        "Redis": _in_redis(redis_url),
    }
    assert "request_answered" in places["our log"]
    assert [place for place, content in places.items() if canary in content] == []


def _import_history(engine: Engine, canary: str) -> None:
    rows = [Ticket(**row) for row in labelled_rows(200, seed=3)]  # type: ignore[arg-type]
    transaction(engine, lambda c: taxonomy.add_labels(c, [Label(name=name) for name in LABELS]))
    ours = [
        Ticket(
            id=f"old-{number}",
            subject=f"{canary} {word}",
            body=f"{word} {canary}",
            customer=f"{canary}@x.org",
            labels=("refund",),
        )
        for number, word in enumerate(("twice", "late"))
    ]
    transaction(engine, lambda c: import_labelled(c, [*rows, *ours], source="history"))


def _live(client: TestClient, engine: Engine, processes: Processes, canary: str) -> None:
    """Tickets come in, are decided, explained and corrected."""
    tickets = [
        {
            "id": f"live-{number}",
            "subject": f"refund {canary}",
            "body": f"please refund {canary} number {number}",
            "customer": f"{canary}@x.org",
            "metadata": {"note": canary},
        }
        for number in range(_TICKETS)
    ]
    answer = client.post("/v1/tickets", json={"tickets": tickets})
    assert answer.status_code == 202, answer.text
    ids = [one["id"] for one in answer.json()["tickets"]]
    wait_until(
        lambda: _decided(engine) == _TICKETS,
        timeout_s=240,
        what="every ticket decided",
        seen=processes.logs,
    )
    for id_ in ids:
        note = {"outcome": "replaced", "labels": ["refund"], "note": f"says {canary}"}
        given = client.post(f"/v1/tickets/{id_}/feedback", json=note)
        assert given.status_code < 300, given.text
    assert client.get(f"/v1/tickets/{ids[0]}/why").status_code in (200, 202)


def _plan(folder: Path, state: Path) -> Plan:
    return Plan(
        state=state,
        encoder=str(build_tiny_encoder(folder / "encoder")),
        preset="fast",
        device="cpu",
        threads=1,
        seed=0,
        lease_s=60,
        doubts=Doubts(most=60, within=timedelta(minutes=10)),
        limits=GateLimits(mode=GateMode.MANUAL, max_latency_ratio=50, max_memory_ratio=50),
    )


def _decided(engine: Engine) -> int:
    query = "SELECT count(*) FROM decisions d JOIN tickets t ON t.id = d.ticket_id"
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def _in_database(engine: Engine) -> str:
    """Every row of every table as text, as a dump holds it."""
    tables = text("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid > 16384")
    with engine.connect() as connection:
        names = connection.execute(tables).scalars().all()
        rows = [connection.execute(text(f"SELECT t::text FROM {x} t")).scalars() for x in names]
        return "\n".join(row for found in rows for row in found)


def _in_redis(url: str) -> str:
    """What it holds, and what it wrote to the disk."""
    with redis.Redis.from_url(url) as client:
        held = "\n".join(f"{key!r} {client.dump(key)!r}" for key in client.scan_iter())
        written = Path(client.config_get("dir")["dir"])
    return held + _on_disk(written)


def _on_disk(folder: Path) -> str:
    """Everything in a folder as text, unpacked where it is packed."""
    found = [file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()]
    plain = [gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw for raw in found]
    return "\n".join(raw.decode(errors="replace") for raw in plain)
