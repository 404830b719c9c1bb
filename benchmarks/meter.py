"""Time that work takes, over all the processes that it was begun again in after a stop."""

import json
import threading
import time
from pathlib import Path
from typing import Self

_EVERY_S = 10.0


class Meter:
    """Counts CPU and clock seconds of a block; a kill loses at most the last ten.

    Attributes:
        cpu_s: CPU seconds of this process and of those that were stopped before it.
        wall_s: the same by the clock.
    """

    def __init__(self, folder: Path) -> None:
        """Goes on from what the folder remembers."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "spent.json"
        spent = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._before = spent.get("cpu_s", 0.0), spent.get("wall_s", 0.0)
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Self:
        self._began = time.process_time(), time.monotonic()
        self._note()
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._keeper.join()
        self._note()

    def _keep(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._note()

    def _note(self) -> None:
        now = time.process_time(), time.monotonic()
        self.cpu_s, self.wall_s = (
            before + end - begin
            for before, begin, end in zip(self._before, self._began, now, strict=True)
        )
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({"cpu_s": self.cpu_s, "wall_s": self.wall_s}))
        new.replace(self._file)
