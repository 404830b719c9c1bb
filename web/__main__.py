"""`python -m web`: one web process, until SIGTERM."""

import sys

import uvicorn

from broker.exposure import refuse_exposed
from core.process import run_process
from core.settings import Settings
from web.app import make_app

_DRAIN_S = 3


def serve(settings: Settings) -> None:
    """Serves on the configured host and port; port 0 takes a free one and logs it."""
    _, redis_url = settings.service_urls()
    refuse_exposed(settings, redis_url)
    uvicorn.run(
        make_app(settings),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )


if __name__ == "__main__":
    sys.exit(run_process("web", serve))
