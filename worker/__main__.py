"""`python -m worker [--device D]`: one worker process, until SIGTERM."""

import argparse

from core.process import leave, run_process
from worker.app import Parts, Worker

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="worker", description="Decide tickets on one device.")
    parser.add_argument("--device", help="auto, cpu or cuda:N", default=None)
    device = parser.parse_args().device
    leave(run_process("worker", lambda s: Worker(s, Parts()).run(), device=device))
