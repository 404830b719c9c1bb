"""What `celery beat` triggers, and how often. Triggers only: two beats do no harm."""

from typing import Any

from broker.messages import CHECK_DRIFT, RETRAIN, SWEEP


def beat_schedule(
    *, maintenance_interval_s: float, retrain_check_interval_s: float, drift_check_interval_s: float
) -> dict[str, dict[str, Any]]:
    """The schedule in Celery's form; messages nobody took by the next turn expire."""
    intervals = {
        SWEEP: maintenance_interval_s,
        RETRAIN: retrain_check_interval_s,
        CHECK_DRIFT: drift_check_interval_s,
    }
    return {
        task: {"task": task, "schedule": interval_s, "options": {"expires": interval_s}}
        for task, interval_s in intervals.items()
    }
