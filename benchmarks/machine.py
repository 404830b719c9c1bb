"""Where a figure was measured, and with which versions of what."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from classifier.precision import multiplies_bf16

_LIBRARIES = (
    *("celery", "kombu", "numpy", "psycopg", "redis", "scikit-learn"),
    *("sqlalchemy", "torch", "transformers"),
)


def commit() -> str:
    """The short name of the commit that is checked out."""
    return _git("rev-parse", "--short", "HEAD")


def load() -> float:
    """Processes that wanted a processor in the last minute, on average; ours are among them."""
    return round(os.getloadavg()[0], 1)


def circumstances() -> dict[str, Any]:
    """Machine, versions, commit and time, as every result carries them.

    A commit with a `+` had changes on top.
    """
    return {
        "machine": f"{os.cpu_count()} x {_processor()}{_formats()}, {platform.system()} "
        f"{platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in _LIBRARIES},
        },
        "commit": commit() + ("+" if _git("status", "--porcelain", "-uno") else ""),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0].split(":", 1)[1].strip() if names else platform.processor()


def _formats() -> str:
    """What decides a model's speed on it beside its name, which clouds keep short."""
    return " with bf16" if multiplies_bf16("cpu") else ""


def _git(*arguments: str) -> str:
    ended = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return ended.stdout.strip()
