from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.testclient import TestClient

from core.errors import Transient
from store.delivery.delivery_figures import Faring
from store.feedback.review import Waiting
from store.upkeep import Upkeep
from tests.factories.decided import MOMENT, a_worker
from web.health import Dependency
from web.learning_metrics import Learning
from web.metrics import Snapshot, metric_families, metrics_routes

_UPKEEP = Upkeep(
    months_ready=3,
    connections=20,
    most_connections=97,
    trainings={"running": 61.0},
    dead_letters=4,
    open_incidents=0,
    model_version="m1",
    active_since=MOMENT,
)
_FARING = Faring(
    id=3,
    kind="webhook",
    state="paused",
    waiting=2,
    dead=1,
    oldest_s=30.0,
    delivered=40,
    failed=5,
)
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
        upkeep=_UPKEEP,
        farings=[_FARING],
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
    redis = Dependency(name="redis", required=False, ok=True, latency_ms=1, detail="Redis 8")
    app.include_router(metrics_routes(away, lambda: redis, lambda _: None))
    answer = TestClient(app).get("/metrics")
    assert answer.status_code == 200
    assert "pointsman_redis_up 1.0" in answer.text
    assert "pointsman_database_up 0.0" in answer.text
    assert "pointsman_tickets_waiting" not in answer.text


def test_what_retention_dropped_is_told_by_kind() -> None:
    assert 'pointsman_retention_dropped_total{what="texts"} 12.0' in _text(_snapshot())


def test_what_an_operator_watches_of_the_database_is_told() -> None:
    text = _text(_snapshot())
    assert "pointsman_partition_months_ready 3.0" in text
    assert 'pointsman_database_connections{what="allowed"} 97.0' in text
    assert 'pointsman_training_open_seconds{state="running"} 61.0' in text
    assert "pointsman_dead_letters 4.0" in text
    assert 'pointsman_model_active_since_timestamp_seconds{model_version="m1"}' in text


def test_decisions_are_told_by_rung_and_reason_and_times_in_buckets() -> None:
    counters = {
        "decisions|model|rule": 5,
        "decided_labels|a|b": 2,
        "ticket_wait_seconds|0.5": 3,
        "ticket_wait_seconds|+Inf": 1,
        "ticket_wait_seconds|sum": 99,
        "device_memory_bytes|reserved": 4096,
    }
    text = _text(_snapshot(a_worker(4, counters=counters)))
    worker = 'device="cuda:0",host="node-a"'
    told = f'{worker},reason="rule",rung="model",worker="4"'
    assert f"pointsman_decisions_total{{{told}}} 5.0" in text
    assert f'pointsman_decided_labels_total{{{worker},label="a|b",worker="4"}} 2.0' in text
    assert f'pointsman_ticket_wait_seconds_bucket{{{worker},le="1.0",worker="4"}} 3.0' in text
    assert f'pointsman_ticket_wait_seconds_count{{{worker},worker="4"}} 4.0' in text
    assert 'what="reserved",worker="4"} 4096.0' in text


def test_an_endpoint_is_told_by_its_id_and_what_waits_for_it() -> None:
    text = _text(_snapshot())
    assert 'pointsman_endpoint_active{endpoint="3",kind="webhook"} 0.0' in text
    assert 'pointsman_deliveries_waiting{endpoint="3",kind="webhook"} 2.0' in text
    told = 'endpoint="3",kind="webhook",outcome="failed"'
    assert f"pointsman_delivery_attempts_total{{{told}}} 5.0" in text
