"""`python -m web`: one web process, until SIGTERM."""

import sys

import uvicorn

from core.errors import PointsmanError
from core.process import die_with_parent
from core.settings import load_settings
from core.telemetry import configure_logging
from web.app import make_app

_DRAIN_S = 3


def main() -> int:
    """Serves on the configured host and port; port 0 takes a free one and logs it.

    Returns:
        0 after a stop that was asked for, 1 when it could not start.
    """
    try:
        settings = load_settings()
        configure_logging(level=settings.log_level, log_format=settings.log_format)
        die_with_parent()
        app = make_app(settings)
    except PointsmanError as error:
        sys.stderr.write(f"web: {error}\n")
        return 1
    uvicorn.run(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
