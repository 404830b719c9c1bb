"""What anybody who can write into Redis can put before a worker, by a real one."""

import base64
import json
import os
import pickle
from pathlib import Path

import redis
from sqlalchemy import Engine, text

from broker.app import make_producer_app
from broker.messages import SUBMIT, TICKETS_QUEUE
from tests.factories.processes import Processes, wait_until

_GARBAGE = 10_000


class _Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self._mark}",)


def _message(body: bytes, *, content_type: str, task: str) -> bytes:
    """As kombu lays a message on a Redis list."""
    properties = {
        "body_encoding": "base64",
        "correlation_id": "1",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": TICKETS_QUEUE},
        "delivery_tag": "1",
        "priority": 0,
    }
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "binary" if "pickle" in content_type else "utf-8",
            "content-type": content_type,
            "headers": {"lang": "py", "task": task, "id": "1", "argsrepr": "", "kwargsrepr": ""},
            "properties": properties,
        }
    ).encode()


def test_pickles_unknown_tasks_and_garbage_hurt_no_worker(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    mark = tmp_path / "run"
    trap = pickle.dumps(([_Trap(mark)], {}, {}))
    empty = b'[[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'
    hostile = [
        _message(trap, content_type="application/x-python-serialize", task=SUBMIT),
        _message(trap, content_type="application/json", task=SUBMIT),
        _message(empty, content_type="application/json", task="os.system"),
        _message(empty, content_type="application/json", task="celery.backend_cleanup"),
        _message(b"[" * 100_000, content_type="application/json", task=SUBMIT),
    ]
    environment = {
        "POINTSMAN_DATABASE_URL": postgres_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_STATE_DIR": str(tmp_path / "state"),
        "POINTSMAN_DEVICE": "cpu",
    }
    processes = Processes(tmp_path, environment)
    with redis.Redis.from_url(redis_url) as client:
        client.lpush(TICKETS_QUEUE, *hostile)
    producer = make_producer_app(redis_url, publish_timeout_s=5)
    junk = [{"id": 7}, None, "x" * 50, {"id": "a", "colour": 1}]
    for _ in range(_GARBAGE // 1_000):
        producer.send_task(SUBMIT, args=[(junk * 250)], queue=TICKETS_QUEUE)
    producer.send_task(SUBMIT, args=[{"not": "a list"}], queue=TICKETS_QUEUE)
    good = {"id": "good", "subject": "Late", "body": "It did not come."}
    producer.send_task(SUBMIT, args=[[good]], queue=TICKETS_QUEUE)
    producer.close()
    worker = processes.start("-m", "worker")
    try:
        wait_until(
            lambda: _decided(engine) == ["good"],
            timeout_s=180,
            what="the good ticket decided",
            seen=processes.logs,
        )
        assert worker.poll() is None
        assert not mark.exists()
    finally:
        processes.stop_all()


def _decided(engine: Engine) -> list[str]:
    query = "SELECT t.external_id FROM tickets t WHERE t.state IN ('decided', 'review')"
    with engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())
