import subprocess
import sys

from worker.stages import CRASHED, Belt


def test_a_belt_gives_all_that_waits_up_to_a_limit() -> None:
    belt: Belt[int] = Belt()
    for n in range(5):
        belt.put(n)
    assert belt.take(3) == [0, 1, 2]
    assert belt.take(3) == [3, 4]


def test_what_was_put_before_the_end_still_comes_out() -> None:
    belt: Belt[int] = Belt()
    belt.put(1)
    belt.end()
    assert belt.take(9) == [1]
    assert belt.take(9) is None


def test_a_bug_in_a_thread_ends_the_process_without_quoting_the_exception() -> None:
    script = (
        "import time\nfrom worker.stages import start\n"
        "def work():\n    raise ValueError('secret ticket text'.upper())\n"
        "start('x', work)\ntime.sleep(30)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == CRASHED
    assert "ValueError" in ended.stdout + ended.stderr
    assert "SECRET" not in ended.stdout + ended.stderr
