from typing import Any

import pytest

from benchmarks import capacity_page, scale
from cli.doctor.capacity import parse_costs

_TICKET = {"worker_s": 0.001, "postgres_s": 0.002, "redis_s": 0.00001, "wal_bytes": 4000.0}
_MESSAGE_S = 0.0005


def _full(per_s: int) -> dict[str, Any]:
    more = {"intake_postgres_s": 0.0001, "stored_bytes": 3000.0, "intake_per_s": 5000}
    return {"stored": 10, "workers": 1, "device_per_s": None, "tickets_per_s": per_s, **more}


def _run(workers: int, per_message: int) -> dict[str, Any]:
    spent = _TICKET | {"worker_s": _TICKET["worker_s"] + _MESSAGE_S / per_message}
    return {
        "stored": 10,
        "workers": workers,
        "device_per_s": scale.DEVICE_PER_S,
        "per_message": per_message,
        "tickets": 1000 * workers,
        "tickets_per_s": scale.DEVICE_PER_S * workers,
        "stored_bytes": 2500.0,
        **spent,
    }


def test_the_costs_of_a_ticket_and_of_a_message_come_apart() -> None:
    rows = [_full(1500), _full(1400), _run(1, 200), _run(1, 1), _run(2, 200), _run(4, 200)]
    costs = scale._costs(rows)
    assert costs.worker_s == pytest.approx(_TICKET["worker_s"])
    assert costs.message_worker_s == pytest.approx(_MESSAGE_S)
    assert costs.message_redis_s == pytest.approx(0.0)
    assert (costs.worker_tickets_per_s, costs.stored_bytes) == (1400, 3000.0)


def test_a_result_holds_the_model_to_the_runs_and_the_page_is_made_of_its_costs() -> None:
    rows = [_full(1500), _full(1400), _run(1, 200), _run(1, 1), _run(2, 200)]
    costs = scale._costs(rows)
    result = scale._result(costs, [scale._foretold(costs, row) for row in rows])
    assert result["met"]
    assert result["ratio"] == 0.93
    assert "one PostgreSQL of 16 cores" in capacity_page.page(parse_costs(result["costs"]))
