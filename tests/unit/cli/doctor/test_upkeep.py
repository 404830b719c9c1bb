from dataclasses import replace
from datetime import timedelta

import pytest

from cli.doctor import upkeep
from cli.doctor.finding import Finding
from store.queue.workers import Worker
from store.upkeep import Upkeep
from tests.factories.decided import MOMENT, a_worker

_WELL = Upkeep(
    months_ready=1,
    connections=20,
    most_connections=97,
    trainings={},
    dead_letters=0,
    open_incidents=0,
    model_version="m1",
    active_since=MOMENT,
)


def _staff(*seen: Worker, has_model: bool = True) -> Finding:
    return upkeep.staff(seen, now=MOMENT, has_model=has_model)


def test_every_living_worker_is_told_with_its_device() -> None:
    finding = _staff(a_worker(2, device="cuda:1"), a_worker(1), a_worker(9, alive=False))
    assert (finding.ok, finding.fix) == (True, "")
    assert finding.detail == "2 on cuda:1 (model, pid 12), 1 on cuda:0 (model, pid 12)"
    assert not _staff(a_worker(9, alive=False)).ok


@pytest.mark.parametrize(
    ("workers", "fix"),
    [
        ([a_worker(4, seen_at=MOMENT - timedelta(seconds=31))], "restart worker 4"),
        ([a_worker(4, rung="keywords")], "log of worker 4"),
        ([a_worker(4), a_worker(5)], "node-a cuda:0 a GPU of its own"),
    ],
)
def test_a_worker_that_lives_and_does_not_work_as_it_should_is_named(
    workers: list[Worker], fix: str
) -> None:
    finding = _staff(*workers)
    assert not finding.ok
    assert fix in finding.fix


def test_a_low_rung_is_as_it_should_be_without_a_model() -> None:
    assert _staff(a_worker(rung="keywords"), has_model=False).ok


def test_two_workers_on_one_machine_may_share_its_cpu() -> None:
    assert _staff(a_worker(1, device="cpu"), a_worker(2, device="cpu")).ok


def test_a_queue_is_slow_after_a_minute() -> None:
    assert upkeep.queue(60.0, 12).ok
    assert "more workers" in upkeep.queue(61.0, 12).fix


def test_partitions_and_connections_that_run_out_are_findings() -> None:
    assert upkeep.partitions(_WELL).ok
    assert "pointsman migrate" in upkeep.partitions(replace(_WELL, months_ready=0)).fix
    assert upkeep.connections(replace(_WELL, connections=87)).ok
    assert "max_connections" in upkeep.connections(replace(_WELL, connections=88)).fix
