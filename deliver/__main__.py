"""`python -m deliver`: one relay, until SIGTERM. Further ones share the work."""

from core.process import leave, run_process
from deliver.app import Deliverer

if __name__ == "__main__":
    leave(run_process("deliver", lambda settings: Deliverer(settings).run()))
