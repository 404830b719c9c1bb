import os
import signal
import subprocess
import sys
from pathlib import Path

from core.alive import is_fresh, main
from tests.factories.processes import wait_until

_PROCESS = """
import sys, time
from pathlib import Path
from core.alive import keep_touching
keep_touching(Path(sys.argv[1]), every_s=0.05)
time.sleep(60)
"""


_OURS = """
import sys
from core.process import run_process
sys.exit(run_process("worker", lambda settings: None))
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


def test_a_process_of_ours_touches_its_file_before_it_works(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    ran = _run(file)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert is_fresh(file)


def test_a_file_that_cannot_be_written_keeps_a_process_from_starting(tmp_path: Path) -> None:
    ran = _run(tmp_path / "none" / "alive")
    assert ran.returncode == 1
    assert "POINTSMAN_ALIVE_FILE: cannot be written" in ran.stderr


def _run(file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _OURS],
        env={**os.environ, "POINTSMAN_ALIVE_FILE": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
