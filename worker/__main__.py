"""`python -m worker [--device D]`: one worker process, until SIGTERM."""

import argparse
import logging
import os
import sys
import warnings
from typing import NoReturn

from celery.platforms import SecurityWarning

from core.errors import PointsmanError
from core.process import die_with_parent
from core.settings import load_settings
from core.telemetry import configure_logging
from worker.app import Parts, Worker


def main() -> int:
    """Runs a worker.

    Returns:
        0 after a stop that was asked for, 1 when it could not start.
    """
    parser = argparse.ArgumentParser(prog="worker", description="Decide tickets on one device.")
    parser.add_argument("--device", help="auto, cpu or cuda:N", default=None)
    try:
        settings = load_settings(device=parser.parse_args().device)
        configure_logging(level=settings.log_level, log_format=settings.log_format)
        warnings.simplefilter("ignore", SecurityWarning)  # it fears pickle, which we refuse
        die_with_parent()
        Worker(settings, Parts()).run()
    except PointsmanError as error:
        sys.stderr.write(f"worker: {error}\n")
        return 1
    return 0


def leave(status: int) -> NoReturn:
    """Ends the process without tearing down torch, which takes seconds that a restart waits for."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    leave(main())
