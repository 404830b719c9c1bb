"""A process of ours: how it begins, what it does about its parent, how it leaves."""

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import structlog

from core.alive import keep_touching
from core.errors import Invalid, PointsmanError
from core.production import plain_connections, refuse_weak
from core.settings import Settings, load_settings
from core.telemetry import configure_logging
from core.tracing import flush_traces, start_tracing

_PR_SET_PDEATHSIG = 1
_log = structlog.get_logger(__name__)


def run_process(name: str, work: Callable[[Settings], None], **overrides: Any) -> int:
    """Loads settings, sets up logs, binds the process to its parent and does its work.

    Args:
        name: of the process, before the line that says why it could not start.
        work: returns after a stop that was asked for.
        overrides: settings from the command line; those that are None are not set.

    Returns:
        The exit status: 0 after `work`, 1 when it could not start.
    """
    try:
        settings = load_settings(**overrides)
        refuse_weak(settings)
        configure_logging(level=settings.log_level, log_format=settings.log_format)
        start_tracing(name)
        die_with_parent()
        _warn(settings)
        _tell_alive(settings)
        work(settings)
    except PointsmanError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    return 0


def _tell_alive(settings: Settings) -> None:
    if settings.alive_file is not None:
        try:
            keep_touching(settings.alive_file)
        except OSError as error:
            problem = f"cannot be written ({type(error).__name__})"
            raise Invalid(
                "POINTSMAN_ALIVE_FILE", problem, "name one in a folder of ours"
            ) from error


def _warn(settings: Settings) -> None:
    if settings.production:
        for server in plain_connections(settings):
            _log.warning("connection_without_tls", to=server)
        if settings.webhook_key is None:
            _log.warning("secrets_not_sealed", set="POINTSMAN_WEBHOOK_KEY")


def leave(status: int) -> NoReturn:
    """Ends the process without tearing down torch, which takes seconds that a restart waits for.

    Threads are not waited for.
    """
    flush_traces()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def die_with_parent(*, send: signal.Signals = signal.SIGTERM) -> None:
    """Asks Linux to signal this process when its parent dies, so that none is left behind.

    Elsewhere, nothing happens. Exits at once if the parent is gone already.

    Args:
        send: the signal to get.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, send)
    if os.getppid() != parent:
        sys.exit(1)
