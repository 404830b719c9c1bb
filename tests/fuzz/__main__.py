"""`python -m tests.fuzz TARGET SECONDS`: looks for bytes that break a promise, with coverage.

What it finds is written beside the corpus, and the process ends with an error. New inputs that
reach new code go into a folder of their own, so that the corpus here stays small.
"""

import sys
import tempfile

import atheris

with atheris.instrument_imports(
    include=["core", "helpdesks", "jmespath", "router", "web.api.cursors"]
):
    from tests.fuzz.targets import CORPUS, TARGETS, holds

_LONGEST_BYTES = 4096


def main(name: str, seconds: int) -> None:
    """Fuzzes one target for some seconds."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as new:
        arguments = [
            sys.argv[0],
            f"-max_total_time={seconds}",
            f"-max_len={_LONGEST_BYTES}",
            f"-artifact_prefix={CORPUS / name}/found-",
            "-timeout=10",
            "-rss_limit_mb=4096",
            new,
            str(CORPUS / name),
        ]
        atheris.Setup(arguments, lambda data: holds(target, data) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
