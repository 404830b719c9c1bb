"""`python -m trainer [--device D]`: one trainer process, until SIGTERM."""

import argparse
import logging
import os
import sys
import warnings

from celery.platforms import SecurityWarning

from core.errors import PointsmanError
from core.process import die_with_parent
from core.settings import load_settings
from core.telemetry import configure_logging
from trainer.app import Trainer


def main() -> int:
    """Runs a trainer.

    Returns:
        0 after a stop that was asked for, 1 when it could not start.
    """
    parser = argparse.ArgumentParser(prog="trainer", description="Retrain when it is due.")
    parser.add_argument("--device", help="auto, cpu or cuda:N", default=None)
    try:
        settings = load_settings(device=parser.parse_args().device)
        configure_logging(level=settings.log_level, log_format=settings.log_format)
        warnings.simplefilter("ignore", SecurityWarning)  # it fears pickle, which we refuse
        die_with_parent()
        Trainer(settings).run()
    except PointsmanError as error:
        sys.stderr.write(f"trainer: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    os._exit(status)  # a training in hand is not waited for; it goes on from the disk
