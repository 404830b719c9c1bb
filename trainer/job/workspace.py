"""The folder beside the output in which a run keeps what a kill -9 must not cost: `OUT.partial`.

It belongs to one request and one data set; a run that asks for something else begins it anew.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from core.errors import Invalid, Transient

_MARK = "request"


@contextmanager
def open_workspace(out: Path, request_id: str) -> Iterator[Path]:
    """Gives the run's folder, with what an earlier run with the same request left in it.

    It is removed when the block ends well and stays when it does not.

    Args:
        out: where the artifact will be.
        request_id: equal for equal requests on equal data.

    Raises:
        Invalid: the place cannot be written.
        Transient: another run is writing the same artifact.
    """
    folder = out.with_name(f"{out.name}.partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = "name a folder in a place that can be written"
        raise Invalid("--out", error.strerror or "cannot be written", fix) from error
    try:
        with FileLock(folder / "lock", timeout=0):
            _begin(folder, request_id)
            yield folder
            shutil.rmtree(folder)
    except Timeout as error:
        raise Transient(f"another training is writing {out.name}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that is there as a whole or not at all, also after a kill -9.

    Of several that write it at once, the last one's stays.
    """
    aside = path.with_name(f"{path.name}.{uuid4().hex}.new")
    aside.write_bytes(content)
    aside.replace(path)


def _begin(folder: Path, request_id: str) -> None:
    """Removes what belongs to another request."""
    mark = folder / _MARK
    if mark.is_file() and mark.read_text(encoding="utf-8") == request_id:
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()
    write_whole(mark, request_id.encode())
