import json
import os
import stat
from pathlib import Path

import psutil
import pytest

from cli.running.state import LOCK, OWNER, SERVICES, announced, locked, running
from core.errors import Invalid, StateLocked

_URLS = {"database_url": "postgresql://x", "redis_url": "redis://x", "console_url": "http://x"}


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    refused = pytest.raises(StateLocked, match=f"process {os.getpid()}.*{folder}")
    with locked(folder), refused, locked(folder):
        raise AssertionError


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass
    with locked(tmp_path):
        assert (tmp_path / OWNER).exists()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="POINTSMAN_STATE_DIR"), locked(tmp_path / "file"):
        raise AssertionError


def test_others_find_the_services_of_a_living_instance(tmp_path: Path) -> None:
    with announced(tmp_path, **_URLS):
        found = running(tmp_path)
        assert found is not None
        assert (found.pid, found.redis_url) == (os.getpid(), "redis://x")
    assert running(tmp_path) is None


def test_passwords_are_for_their_owner_alone(tmp_path: Path) -> None:
    with announced(tmp_path, **_URLS):
        assert stat.S_IMODE((tmp_path / SERVICES).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "left_behind",
    [
        "not json",
        "{}",
        json.dumps({"pid": 1, "born": 0.0, **_URLS}),
        json.dumps({"pid": 2**22 + 1, "born": 0.0, **_URLS}),
    ],
)
def test_what_a_dead_instance_left_behind_does_not_count(tmp_path: Path, left_behind: str) -> None:
    (tmp_path / SERVICES).write_text(left_behind)
    assert running(tmp_path) is None


def test_a_reused_process_id_is_not_taken_for_the_instance(tmp_path: Path) -> None:
    born = psutil.Process().create_time() - 60
    (tmp_path / SERVICES).write_text(json.dumps({"pid": os.getpid(), "born": born, **_URLS}))
    assert running(tmp_path) is None
