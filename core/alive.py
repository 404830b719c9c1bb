"""Whether a process of ours still goes round: it touches a file, and a health check looks at it.

`python -m core.alive FILE` ends with 0 while the file is fresh. A process that is stopped, or whose
interpreter stands still in foreign code, does not touch it. What a worker's device does is the
worker's own to watch (`worker.presence`).
"""

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

_EVERY_S, _FRESH_S = 5.0, 30.0


def keep_touching(file: Path, *, every_s: float = _EVERY_S) -> None:
    """Touches a file now and every few seconds, for as long as the process goes round.

    Args:
        file: of this process alone.
        every_s: how often, in seconds.

    Raises:
        OSError: it cannot be written.
    """

    def touch() -> None:
        while True:
            time.sleep(every_s)
            file.touch()

    file.touch()
    threading.Thread(target=touch, name="alive", daemon=True).start()


def is_fresh(file: Path, *, within_s: float = _FRESH_S) -> bool:
    """Whether the file was touched in the last seconds; one that is not there was not."""
    try:
        return time.time() - file.stat().st_mtime <= within_s
    except FileNotFoundError:
        return False


def main(arguments: Sequence[str]) -> int:
    """0 if each file is fresh, else 1."""
    return 0 if arguments and all(is_fresh(Path(name)) for name in arguments) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
