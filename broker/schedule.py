"""What `celery beat` triggers, and how often. Triggers only: two beats do no harm."""

from typing import Any

from broker.messages import SWEEP


def beat_schedule(*, maintenance_interval_s: float) -> dict[str, dict[str, Any]]:
    """The schedule in Celery's form; messages nobody took by the next turn expire."""
    return {
        SWEEP: {
            "task": SWEEP,
            "schedule": maintenance_interval_s,
            "options": {"expires": maintenance_interval_s},
        }
    }
