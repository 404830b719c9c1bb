"""What the processes logged since one last looked, with their names before each line."""

from collections.abc import Iterator, Mapping
from pathlib import Path


class LogTail:
    """Reads log files from where they end now.

    Args:
        paths: name of each process to its log file, which may not exist yet.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)
        self._places = {name: path.stat().st_size for name, path in paths.items() if path.exists()}
        self._rests = dict.fromkeys(paths, b"")
        self._width = max((len(name) for name in paths), default=0)

    def new_lines(self) -> Iterator[str]:
        """Whole lines written since the last call."""
        for name, path in self._paths.items():
            if path.exists():
                yield from (f"{name:<{self._width}} │ {line}" for line in self._read(name, path))

    def _read(self, name: str, path: Path) -> list[str]:
        place = self._places.get(name, 0)
        with path.open("rb") as stream:
            stream.seek(place if place <= path.stat().st_size else 0)
            new = stream.read()
            self._places[name] = stream.tell()
        *lines, self._rests[name] = (self._rests[name] + new).split(b"\n")
        return [line.decode(errors="replace") for line in lines]
