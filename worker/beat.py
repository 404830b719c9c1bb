"""`python -m worker.beat`: celery beat with our schedule. A second one does no harm."""

import sys

from broker.app import make_producer_app
from broker.schedule import beat_schedule
from core.errors import PointsmanError
from core.process import die_with_parent
from core.settings import load_settings
from core.telemetry import configure_logging

_PUBLISH_TIMEOUT_S = 5.0


def main() -> int:
    """Runs beat until SIGTERM."""
    try:
        settings = load_settings()
        configure_logging(level=settings.log_level, log_format=settings.log_format)
        die_with_parent()
        _, redis_url = settings.service_urls()
    except PointsmanError as error:
        sys.stderr.write(f"beat: {error}\n")
        return 1
    app = make_producer_app(redis_url, publish_timeout_s=_PUBLISH_TIMEOUT_S)
    app.conf.beat_schedule = beat_schedule(
        maintenance_interval_s=settings.maintenance_interval_s,
        retrain_check_interval_s=settings.retrain_check_interval_s,
    )
    app.Beat(quiet=True, redirect_stdouts=False).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
