import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.doctor.capacity import Costs, Load, load_costs, parse_costs, plan, reached

_RESULT = Path(__file__).parents[4] / "benchmarks" / "results" / "P13.json"
_COSTS = Costs(
    worker_s=0.0005,
    postgres_s=0.0005,
    redis_s=0.0,
    message_worker_s=0.0005,
    message_postgres_s=0.0005,
    message_redis_s=0.0001,
    wal_bytes=4000,
    stored_bytes=2000,
    worker_tickets_per_s=1500,
    machine="somewhere",
    at="2026-01-01T00:00:00+00:00",
    commit="abc",
)
_LOAD = Load(tickets_per_s=1000, device_tickets_per_s=200, message_tickets=1, cores=4, busy=0.5)


def test_a_plan_is_what_the_costs_multiply_to() -> None:
    found = plan(_LOAD, _COSTS)
    assert (found.devices, found.workers) == (10, 10)
    assert found.worker_cores == pytest.approx(2.0)
    assert found.postgres == 1
    assert found.postgres_cores == pytest.approx(2.0)
    assert found.postgres_ends_at == pytest.approx(2000)
    assert found.redis_busy == pytest.approx(0.1)
    assert found.redis_ends_at == pytest.approx(5000)
    assert found.wal_mb_per_s == pytest.approx(4.0)
    assert found.stored_gb_per_day == pytest.approx(172.8)


def test_past_its_end_there_are_two_of_it() -> None:
    end = plan(_LOAD, _COSTS).postgres_ends_at
    assert plan(replace(_LOAD, tickets_per_s=end * 1.01), _COSTS).postgres == 2
    end = plan(_LOAD, _COSTS).redis_ends_at
    assert plan(replace(_LOAD, tickets_per_s=end * 1.01), _COSTS).redis == 2


def test_a_fast_device_wants_several_processes() -> None:
    found = plan(replace(_LOAD, device_tickets_per_s=10_000, message_tickets=200), _COSTS)
    assert (found.devices, found.workers) == (1, 2)


def test_many_tickets_a_message_spare_redis() -> None:
    packed = plan(replace(_LOAD, message_tickets=200), _COSTS)
    assert packed.redis_ends_at > 100 * plan(_LOAD, _COSTS).redis_ends_at


@given(st.floats(0.01, 1e5), st.floats(1, 1e5), st.floats(1, 500), st.integers(1, 128))
def test_more_load_never_needs_less(rate: float, device: float, message: float, cores: int) -> None:
    load = Load(
        tickets_per_s=rate,
        device_tickets_per_s=device,
        message_tickets=message,
        cores=cores,
        busy=0.7,
    )
    less, more = plan(load, _COSTS), plan(replace(load, tickets_per_s=2 * rate), _COSTS)
    assert less.workers >= less.devices >= 1
    assert more.devices >= less.devices
    assert more.workers >= less.workers
    assert more.postgres >= less.postgres
    assert more.redis >= less.redis


def test_a_full_system_is_held_back_by_its_scarcest_part() -> None:
    devices = reached(_COSTS, workers=2, device_tickets_per_s=100, message_tickets=200, cores=64)
    processes = reached(_COSTS, workers=2, device_tickets_per_s=1e9, message_tickets=200, cores=64)
    cores = reached(_COSTS, workers=99, device_tickets_per_s=1e9, message_tickets=1, cores=2.1)
    assert (devices, processes) == (200, 3000)
    assert cores == pytest.approx(1000)


def test_the_costs_are_those_that_were_measured() -> None:
    assert load_costs() == parse_costs(json.loads(_RESULT.read_text())["costs"])
