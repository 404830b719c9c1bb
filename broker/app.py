"""The Celery app that every process makes for itself, with the settings that were measured.

Celery on Redis may lose a message when its consumer is killed, whatever `acks_late` says; so
nothing depends on a message arriving (docs/architecture.md), and there is no result backend.
"""

from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue

from broker.messages import (
    CHECK_DRIFT,
    DELIVER,
    DELIVERIES_QUEUE,
    LOOK_AT_LABELS,
    MAINTENANCE_QUEUE,
    RETRAIN,
    ROUTE,
    SUBMIT,
    SWEEP,
    TICKETS_QUEUE,
    TRAIN_QUEUE,
)

_CONSUMER_SOCKET = {"socket_timeout": 10, "socket_connect_timeout": 2}


def make_consumer_app(redis_url: str, *, visibility_timeout_s: float) -> Celery:
    """An app for a worker process.

    Args:
        redis_url: the broker; any URL that kombu takes, RabbitMQ's too.
        visibility_timeout_s: after how long Redis hands an unacknowledged message out again.
    """
    app = _make(redis_url)
    app.conf.broker_transport_options = _transport(
        redis_url,
        {
            **_CONSUMER_SOCKET,
            "visibility_timeout": visibility_timeout_s,
            "unacked_key": "tickets.unacked",
            "unacked_index_key": "tickets.unacked_index",
            "unacked_mutex_key": "tickets.unacked_mutex",
            "unacked_mutex_expire": 10,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
        },
    )
    return app


def make_producer_app(redis_url: str, *, publish_timeout_s: float) -> Celery:
    """An app for a door: it gives up on Redis within its budget instead of waiting."""
    app = _make(redis_url)
    socket = {"socket_timeout": publish_timeout_s, "socket_connect_timeout": publish_timeout_s}
    app.conf.broker_transport_options = _transport(redis_url, {**socket, "max_retries": 0})
    app.conf.broker_connection_timeout = publish_timeout_s
    return app


def _make(redis_url: str) -> Celery:
    app = Celery("pointsman", broker=redis_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        result_backend=None,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_publish_retry=False,
        task_create_missing_queues=False,
        task_default_queue=TICKETS_QUEUE,
        task_queues=[
            _queue(name)
            for name in (TICKETS_QUEUE, MAINTENANCE_QUEUE, TRAIN_QUEUE, DELIVERIES_QUEUE)
        ],
        task_routes={
            SUBMIT: {"queue": TICKETS_QUEUE},
            ROUTE: {"queue": TICKETS_QUEUE},
            SWEEP: {"queue": MAINTENANCE_QUEUE},
            RETRAIN: {"queue": TRAIN_QUEUE},
            CHECK_DRIFT: {"queue": TRAIN_QUEUE},
            LOOK_AT_LABELS: {"queue": TRAIN_QUEUE},
            DELIVER: {"queue": DELIVERIES_QUEUE},
        },
        worker_prefetch_multiplier=4,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        beat_scheduler="celery.beat:Scheduler",  # the default one keeps a pickle on disk
    )
    return app


def _queue(name: str) -> Queue:
    return Queue(name, Exchange(name, type="direct"), routing_key=name)


def _transport(redis_url: str, options: dict[str, Any]) -> dict[str, Any]:
    """Redis' own options; another transport would refuse them."""
    if not redis_url.startswith(("redis", "rediss")):
        return {}
    return {**options, "socket_keepalive": True, "health_check_interval": 10}
