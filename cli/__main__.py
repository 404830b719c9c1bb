"""`python -m cli` is `pointsman`: Ctrl-C ends it with 130 also while it is still importing."""

import sys

from cli.running.interrupts import stop_like_ctrl_c


def start() -> int:
    """Runs the command line of this process.

    Returns:
        The exit status, as `cli.main.main` gives it.
    """
    stop_like_ctrl_c()
    try:
        from cli.main import main

        return main()
    except KeyboardInterrupt:
        return 130
    finally:
        # CPython remembers a Ctrl-C that met an exec of text, as dataclasses use, and would end
        # by SIGINT whatever we return; the next exec of text forgets it.
        exec("")  # noqa: S102


if __name__ == "__main__":
    sys.exit(start())
