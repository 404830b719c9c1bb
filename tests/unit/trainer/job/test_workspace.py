from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import Invalid, Transient
from trainer.job.workspace import open_workspace, write_whole


def test_an_interrupted_run_finds_what_it_left(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_workspace(tmp_path / "out", "a") as folder:
        (folder / "shards").mkdir()
        write_whole(folder / "shards" / "one", b"1")
        raise KeyboardInterrupt
    with open_workspace(tmp_path / "out", "a") as folder:
        assert (folder / "shards" / "one").read_bytes() == b"1"
    assert list(tmp_path.iterdir()) == []


def test_another_request_begins_anew(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_workspace(tmp_path / "out", "a") as folder:
        (folder / "shards").mkdir()
        (folder / "note").touch()
        raise KeyboardInterrupt
    with open_workspace(tmp_path / "out", "b") as folder:
        assert not (folder / "shards").exists()
        assert not (folder / "note").exists()


def test_two_runs_cannot_write_the_same_artifact(tmp_path: Path) -> None:
    with (
        open_workspace(tmp_path / "out", "a"),
        pytest.raises(Transient, match="another training"),
        open_workspace(tmp_path / "out", "a"),
    ):
        pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="--out"), open_workspace(tmp_path / "file" / "out", "a"):
        pass


def test_two_writers_of_one_file_leave_the_whole_of_one(tmp_path: Path) -> None:
    def write(content: bytes) -> None:
        for _ in range(50):
            write_whole(tmp_path / "file", content)

    contents = [b"a" * 1000, b"b" * 1000]
    with ThreadPoolExecutor() as pool:
        list(pool.map(write, contents))
    assert (tmp_path / "file").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
