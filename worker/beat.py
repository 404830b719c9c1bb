"""`python -m worker.beat`: celery beat with our schedule. A second one does no harm."""

import sys

from broker.app import make_producer_app
from broker.exposure import refuse_exposed
from broker.schedule import beat_schedule
from core.process import run_process
from core.settings import Settings

_PUBLISH_TIMEOUT_S = 5.0


def beat(settings: Settings) -> None:
    """Runs beat until SIGTERM."""
    _, redis_url = settings.service_urls()
    refuse_exposed(settings, redis_url)
    app = make_producer_app(redis_url, publish_timeout_s=_PUBLISH_TIMEOUT_S)
    app.conf.beat_schedule = beat_schedule(
        maintenance_interval_s=settings.maintenance_interval_s,
        retrain_check_interval_s=settings.retrain_check_interval_s,
        drift_check_interval_s=settings.drift_check_interval_s,
    )
    app.Beat(quiet=True, redirect_stdouts=False).run()


if __name__ == "__main__":
    sys.exit(run_process("beat", beat))
