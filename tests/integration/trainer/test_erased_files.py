"""What was erased leaves the state folder, and no later data set holds it again."""

import gzip
import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from filelock import FileLock
from safetensors.numpy import load_file
from sqlalchemy import Engine, text

from core.text import text_hash
from core.types import Ticket
from store.engine import transaction
from store.erasure import erasures
from store.erasure.erasure_receipts import receipt
from store.erasure.erasures import OneCustomer, erase
from store.models import snapshots, training_runs
from store.partitions import first_uuid
from store.queue.tickets import import_labelled
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_rows
from tests.factories.runs import carried_out
from trainer.data.dataset import read_dataset
from trainer.drift.reference import Seen, kept_or_made
from trainer.job.workspace import write_whole
from trainer.loop import runs, tombstones
from trainer.loop.gate import GateLimits, GateMode
from trainer.loop.material import Doubts, gather
from trainer.loop.runs import Plan
from trainer.loop.snapshot import DESCRIPTION, Draft, Side, rows_file, write
from trainer.loop.tombstones import erase_from
from trainer.privacy.sweep import erase_files
from trainer.privacy.sweeper import Sweeper

_MARK = "quirk"
_DOUBTS = Doubts(most=60, within=timedelta(minutes=10))


def _rows(count: int) -> list[Ticket]:
    rows = [Ticket(**row) for row in labelled_rows(count, seed=3)]  # type: ignore[arg-type]
    return [*rows, _personal("p-1"), _personal("p-2", "another please card")]


def _personal(id_: str, body: str = "please refund number") -> Ticket:
    said = f"{_MARK} {body}"
    return Ticket(id=id_, subject=said, body=body, customer=_MARK, labels=(LABELS[0],))


def _import(engine: Engine, tickets: Sequence[Ticket], source: str = "history") -> list[UUID]:
    stored = transaction(engine, lambda c: import_labelled(c, tickets, source=source))
    return [entry.id for entry in stored]


@pytest.fixture
def history(engine: Engine) -> list[UUID]:
    """Labelled tickets of the past, the last two of one customer."""
    transaction(engine, lambda c: taxonomy.add_labels(c, [Label(name=name) for name in LABELS]))
    return _import(engine, _rows(60))


def _snapshot(engine: Engine, state: Path) -> tuple[Draft, Path]:
    made = gather(engine, _DOUBTS, 0)
    place = write(made, state / "snapshots")
    transaction(
        engine,
        lambda c: snapshots.register(c, snapshot_id=made.id, path=place, summary=made.summary()),
    )
    return made, place


def _on_disk(folder: Path) -> str:
    """Everything in a folder as text, unpacked where it is packed."""
    found = [file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()]
    plain = [gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw for raw in found]
    return "\n".join(raw.decode(errors="replace") for raw in plain)


def _ids(place: Path) -> set[str]:
    lines = [line for side in Side for line in _on_disk_of(place, side).splitlines()]
    return {json.loads(line)["id"] for line in lines}


def test_rows_become_tombstones_that_tell_what_was_there(
    engine: Engine, history: list[UUID], tmp_path: Path
) -> None:
    made, place = _snapshot(engine, tmp_path)
    marks = [entry.mark for entry in made.entries if entry.ticket_id in history[-2:]]
    before = _ids(place)
    erase(engine, OneCustomer(customer=_MARK), by="ann")
    assert _MARK in _on_disk(tmp_path)
    assert len(erase_files(engine, tmp_path, is_trainer=False)) == 1
    left = _on_disk(tmp_path)
    assert _MARK not in left
    assert not any(mark in left for mark in marks)
    assert _ids(place) == before
    stones = [line for line in left.splitlines() if str(history[-1]) in line]
    assert json.loads(stones[0])["labels"] == [LABELS[0]]
    sides = [side for side in Side if str(history[-1]) in _on_disk_of(place, side)]
    read = read_dataset(rows_file(place, Side.TRAIN))
    assert not read.problems
    assert len(sides) == 1
    assert erase_files(engine, tmp_path, is_trainer=True) == []


def _on_disk_of(place: Path, side: Side) -> str:
    return gzip.decompress(rows_file(place, side).read_bytes()).decode()


@pytest.mark.parametrize("files_before_the_kill", [1, 2, 3])
def test_a_sweep_that_was_killed_is_finished_by_the_next_and_the_receipt_is_whole(
    engine: Engine,
    history: list[UUID],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files_before_the_kill: int,
) -> None:
    for number in range(60):  # so that the customer stands on both sides
        _import(engine, [_personal(f"q-{number}", f"card {LABELS[number % 4]} w{number}")])
    _, place = _snapshot(engine, tmp_path)
    done = erase(engine, OneCustomer(customer=_MARK), by="ann")
    real, written = write_whole, [0]

    def killed(path: Path, content: bytes) -> None:
        if written[0] == files_before_the_kill:
            raise KeyboardInterrupt
        written[0] += 1
        real(path, content)

    monkeypatch.setattr(tombstones, "write_whole", killed)
    try:
        erase_files(engine, tmp_path, is_trainer=True)
    except KeyboardInterrupt:
        assert transaction(engine, erasures.without_files)
    monkeypatch.setattr(tombstones, "write_whole", real)
    erase_files(engine, tmp_path, is_trainer=True)
    assert _MARK not in _on_disk(tmp_path)
    found = transaction(engine, lambda c: erasures.find(c, done.id))
    assert found is not None
    assert found.files["snapshots"] == [{"snapshot": place.name, "rows": 62}]


def test_the_same_text_in_a_base_file_imported_again_stays_out_of_later_data_sets(
    engine: Engine, history: list[UUID], tmp_path: Path
) -> None:
    erase(engine, history[-1], by="ann")
    again = _import(engine, _rows(60), source="the same file once more")
    made = gather(engine, _DOUBTS, 0)
    assert _MARK not in " ".join(
        entry.text for entry in made.entries if entry.ticket_id == again[-1]
    )
    reasons = {item.ticket_id: item.reason for item in made.excluded}
    assert reasons[again[-1]] == "erased"
    assert {history[-2], again[-2]} <= {entry.ticket_id for entry in made.entries}


def test_what_is_erased_while_a_data_set_is_gathered_is_not_in_it(
    engine: Engine, history: list[UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = gather

    def slow(*arguments: object) -> Draft:
        made: Draft = real(*arguments)  # type: ignore[arg-type]
        calls.append(1)
        erase(engine, OneCustomer(customer=_MARK), by="ann")
        erase_files(engine, tmp_path, is_trainer=True)
        return made

    calls: list[int] = []
    monkeypatch.setattr(runs, "gather", slow)
    transaction(
        engine,
        lambda c: training_runs.request(
            c, window="w", trigger="manual", reason="r", requested_by="t"
        ),
    )
    run = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert run is not None
    place = runs._snapshot(engine, run, _plan(tmp_path))
    assert len(calls) == 2
    assert str(history[-1]) not in _on_disk(place / rows_file(place, Side.TRAIN).name)
    assert _MARK not in _on_disk(tmp_path)


def _plan(state: Path) -> Plan:
    return Plan(
        state=state,
        encoder="unused",
        preset="fast",
        device="cpu",
        threads=1,
        seed=0,
        lease_s=60,
        doubts=_DOUBTS,
        limits=GateLimits(mode=GateMode.AUTO, max_latency_ratio=50, max_memory_ratio=50),
    )


def test_features_of_an_erased_text_leave_the_drift_reference(
    engine: Engine, history: list[UUID], tmp_path: Path
) -> None:
    made, _ = _snapshot(engine, tmp_path)
    texts = [entry.text for entry in made.entries]
    gone = next(entry.text for entry in made.entries if entry.ticket_id == history[-1])
    scores = np.zeros((len(texts), 2), dtype=np.float32)
    features = np.arange(len(texts) * 3, dtype=np.float32).reshape(-1, 3)
    file = tmp_path / "drift" / "v-1.safetensors"
    kept_or_made(file, texts, lambda: Seen(scores=scores, texts=texts, features=features))
    (tmp_path / "drift" / "damaged.safetensors").write_bytes(b"no")
    done = erase(engine, history[-1], by="ann")
    erase_files(engine, tmp_path, is_trainer=True)
    parts = load_file(file)
    assert text_hash(gone) not in {row.tobytes() for row in parts["hashes"]}
    kept = np.delete(features, texts.index(gone), axis=0)
    assert np.array_equal(parts["features"], kept)
    assert len(parts["scores"]) == len(texts)
    found = transaction(engine, lambda c: erasures.find(c, done.id))
    assert found is not None
    assert found.files["drift_reference_texts"] == 1


def test_a_training_under_way_is_waited_for_and_a_killed_ones_rest_goes(
    engine: Engine, history: list[UUID], tmp_path: Path
) -> None:
    _, place = _snapshot(engine, tmp_path)
    folder = tmp_path / "models" / f"{place.name[:16]}-fast-0.partial"
    other = tmp_path / "models" / "0000000000000000-fast-0.partial"
    for each in (folder, other):
        (each / "features").mkdir(parents=True)
    erase(engine, history[-1], by="ann")
    with FileLock(folder / "lock", timeout=0):
        assert erase_files(engine, tmp_path, is_trainer=True) == []
    assert len(erase_files(engine, tmp_path, is_trainer=True)) == 1
    assert (folder.exists(), other.exists()) == (False, True)


def test_whoever_does_not_have_the_data_sets_leaves_them_to_a_trainer(
    engine: Engine, history: list[UUID], tmp_path: Path
) -> None:
    _, place = _snapshot(engine, tmp_path / "trainer")
    done = erase(engine, history[-1], by="ann")
    place.rename(tmp_path / "moved")
    assert erase_files(engine, tmp_path / "laptop", is_trainer=False) == []
    sweeper = Sweeper(engine, tmp_path / "trainer", interval_s=60, stopping=threading.Event())
    assert sweeper.look()
    assert not sweeper.look()
    told = transaction(
        engine, lambda c: receipt(c, erasures.find(c, done.id) or pytest.fail("gone"))
    )
    assert told["state"] == "erased"
    assert told["files"]["snapshots_missing"] == [place.name]


def test_every_trainer_sweeps_its_own_folder_whoever_ended_the_erasure(
    engine: Engine, history: list[UUID], tmp_path: Path
) -> None:
    made, _ = _snapshot(engine, tmp_path / "a")
    write(made, tmp_path / "b" / "snapshots")
    erase(engine, OneCustomer(customer=_MARK), by="ann")
    assert erase_files(engine, tmp_path / "a", is_trainer=True)
    assert _MARK in _on_disk(tmp_path / "b")
    sweeper = Sweeper(engine, tmp_path / "b", interval_s=60, stopping=threading.Event())
    assert sweeper.look()
    assert _MARK not in _on_disk(tmp_path / "b")


def test_rows_of_tickets_that_are_past_their_time_go_too(
    engine: Engine, history: list[UUID], tmp_path: Path
) -> None:
    _, place = _snapshot(engine, tmp_path)
    now = datetime.now(UTC)
    assert erase_from(engine, place, before=first_uuid(now - timedelta(days=1))) == []
    stones = erase_from(engine, place, before=first_uuid(now + timedelta(days=1)))
    assert len(stones) == len(_ids(place))
    assert json.loads((place / DESCRIPTION).read_text())["sides"] == {}


def test_the_receipt_names_who_saw_it_and_who_will_be_the_first_without(
    engine: Engine, tmp_path: Path
) -> None:
    transaction(engine, lambda c: taxonomy.add_labels(c, [Label(name=name) for name in LABELS]))
    ids = _import(engine, _rows(400))
    encoder = str(build_tiny_encoder(tmp_path / "encoder"))
    state = tmp_path / "state"
    plan = Plan(**{**_fields(_plan(state)), "encoder": encoder})  # type: ignore[arg-type]
    saw = _learn(engine, plan, "first")
    done = erase(engine, ids[-1], by="ann")
    erase_files(engine, state, is_trainer=True)

    def told() -> dict[str, object]:
        return transaction(
            engine, lambda c: receipt(c, erasures.find(c, done.id) or pytest.fail("gone"))
        )

    first = told()
    assert [entry["version"] for entry in first["model_versions"]] == [saw]  # type: ignore[attr-defined]
    assert first["first_version_without"] is None
    assert "retrain" in str(first["advice"])
    without = _learn(engine, plan, "second")
    assert told()["first_version_without"] == without
    assert _MARK not in json.dumps(told())
    with engine.connect() as connection:
        summary = connection.execute(
            text("SELECT summary->'rows' FROM dataset_snapshots ORDER BY created_at")
        ).scalars()
        assert list(summary) == [len(ids), len(ids) - 1]


def _fields(plan: Plan) -> dict[str, object]:
    return {name: getattr(plan, name) for name in Plan.__slots__}


def _learn(engine: Engine, plan: Plan, window: str) -> str:
    """The version that a run made."""
    ended = carried_out(engine, plan, window)
    assert ended.candidate is not None, ended.error
    return ended.candidate
