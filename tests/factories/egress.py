"""Python processes that may reach this machine alone, and note whatever else they try."""

import os
from collections.abc import Mapping
from pathlib import Path

_HOOK = """
import os, sys

def _is_here(address):
    host = address[0] if isinstance(address, tuple) else "localhost"  # else a Unix socket
    host = host.decode() if isinstance(host, bytes) else host
    return host in (None, "", "localhost", "::", "::1", "0.0.0.0") or host.startswith("127.")

def _watch(event, args):
    if event == "socket.connect" or event == "socket.sendto":
        address = args[1]
    elif event == "socket.getaddrinfo":
        address = args[:2]
    else:
        return
    if not _is_here(address):
        with open({log!r}, "a") as log:
            log.write(f"{{event}} {{address[:2]}} by {{sys.argv}}\\n")
        raise OSError("nothing leaves this machine")

sys.addaudithook(_watch)
"""


class Egress:
    """Args: folder: where the hook and its log go."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "egress.log"
        self._hooks = folder / "hooks"
        self._hooks.mkdir()
        (self._hooks / "sitecustomize.py").write_text(_HOOK.format(log=str(self._log)))

    @property
    def environment(self) -> Mapping[str, str]:
        """With it each Python process, and those that it starts, are watched."""
        known = os.environ.get("PYTHONPATH")
        return {"PYTHONPATH": os.pathsep.join([str(self._hooks), *([known] if known else [])])}

    def tried(self) -> list[str]:
        """What was tried, a line each."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def forget(self) -> None:
        """What was tried until now."""
        self._log.unlink()
