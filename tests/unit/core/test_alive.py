import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.alive import is_fresh, main
from core.process import run_process
from core.settings import Settings
from tests.factories.processes import wait_until

_PROCESS = """
import sys, time
from pathlib import Path
from core.alive import keep_touching
keep_touching(Path(sys.argv[1]), every_s=0.05)
time.sleep(60)
"""


def test_a_process_is_alive_while_it_goes_round_and_not_while_it_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    assert main([str(file)]) == 1
    process = subprocess.Popen([sys.executable, "-c", _PROCESS, str(file)])
    try:
        wait_until(lambda: main([str(file)]) == 0, timeout_s=30, what="a sign of life")
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: not is_fresh(file, within_s=1), timeout_s=30, what="none any more")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: is_fresh(file, within_s=1), timeout_s=30, what="a sign of life again")
    finally:
        process.kill()
        process.wait()


def test_every_process_of_ours_touches_its_file(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    seen: list[bool] = []

    def work(settings: Settings) -> None:
        seen.append(is_fresh(file))

    assert run_process("worker", work, alive_file=file) == 0
    assert seen == [True]


def test_a_file_that_cannot_be_written_keeps_a_process_from_starting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_process("worker", lambda _: None, alive_file=tmp_path / "none" / "alive") == 1
    assert "POINTSMAN_ALIVE_FILE: cannot be written" in capsys.readouterr().err
