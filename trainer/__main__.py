"""`python -m trainer [--device D]`: one trainer process, until SIGTERM."""

import argparse

from core.process import leave, run_process
from trainer.app import Trainer

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="trainer", description="Retrain when it is due.")
    parser.add_argument("--device", help="auto, cpu or cuda:N", default=None)
    device = parser.parse_args().device
    # A training in hand is not waited for; it goes on from the disk.
    leave(run_process("trainer", lambda s: Trainer(s).run(), device=device))
