from pathlib import Path

from cli.running.log_tail import LogTail


def test_only_what_is_new_is_told_with_the_name_before_it(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("old\n")
    tail = LogTail({"web": log, "worker-1": tmp_path / "none.log"})
    with log.open("a") as stream:
        stream.write("new\nhal")
    assert list(tail.new_lines()) == ["web      │ new"]
    with log.open("ab") as stream:
        stream.write(b"f \xff\n")
    assert list(tail.new_lines()) == ["web      │ half \ufffd"]


def test_a_log_that_began_anew_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("a long line from before\n")
    tail = LogTail({"web": log})
    log.write_text("short\n")
    assert list(tail.new_lines()) == ["web │ short"]
