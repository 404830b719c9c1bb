from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.testclient import TestClient

from core.errors import Transient
from store.review import Waiting
from tests.factories.decided import a_worker
from web.learning_metrics import Learning
from web.metrics import Snapshot, metric_families, metrics_routes

_NOTHING = Waiting(items=0, by_reason={}, oldest_s=0.0)


class _Fixed(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _text(snapshot: Snapshot) -> str:
    registry = CollectorRegistry()
    registry.register(_Fixed(list(metric_families(snapshot))))
    return generate_latest(registry).decode()


def _snapshot(*workers: object) -> Snapshot:
    return Snapshot(
        waiting={"accepted": 3, "claimed": 0, "quarantined": 1},
        oldest_waiting_s=4.5,
        workers=list(workers),  # type: ignore[arg-type]
        dropped={"texts": 12},
        learning=Learning(judged={}, drift=None, runs={}, review=_NOTHING),
    )


def test_what_waits_is_told_by_state() -> None:
    text = _text(_snapshot())
    assert 'pointsman_tickets_waiting{state="accepted"} 3.0' in text
    assert "pointsman_oldest_waiting_seconds 4.5" in text


def test_every_living_worker_tells_its_device_and_its_totals() -> None:
    counters = {"tickets_decided": 12, "device_seconds": 1.5, "bad name!": 1}
    text = _text(_snapshot(a_worker(4, counters=counters), a_worker(5, alive=False)))
    labels = 'device="cuda:0",host="node-a",'
    assert f'pointsman_tickets_decided_total{{{labels}worker="4"}} 12.0' in text
    assert f'pointsman_device_seconds_total{{{labels}worker="4"}} 1.5' in text
    assert 'model_version="m1",ruleset_version="3",rung="model",worker="4"} 1.0' in text
    assert 'worker="5"' not in text
    assert "bad" not in text


def test_a_scrape_works_without_a_database_and_says_so() -> None:
    def away() -> Snapshot:
        raise Transient("PostgreSQL is away")

    app = FastAPI()
    app.include_router(metrics_routes(away))
    answer = TestClient(app).get("/metrics")
    assert answer.status_code == 200
    assert "pointsman_database_up 0.0" in answer.text
    assert "pointsman_tickets_waiting" not in answer.text


def test_what_retention_dropped_is_told_by_kind() -> None:
    assert 'pointsman_retention_dropped_total{what="texts"} 12.0' in _text(_snapshot())
