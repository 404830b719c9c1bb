"""Requests made from the API's own description, by schemathesis."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

UNLIMITED = {f"POINTSMAN_{what}_PER_MINUTE": "0" for what in ("REQUESTS", "TICKETS", "SIGN_INS")}
"""Settings of a web process that hears every request."""
CONFIG = Path(__file__).with_name("schemathesis.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of it: whether every check passed, how many requests, and what was said."""

    faultless: bool
    requests: int
    report: str


def ask_all(
    address: str, secret: str, examples: int, *options: str, config: Path = CONFIG
) -> Asked:
    """Asks every operation as the holder of a token.

    Args:
        address: of the web process.
        secret: the token's.
        examples: most requests an operation and phase.
        options: for `st run`.
        config: what is checked.
    """
    program = [str(Path(sys.executable).with_name("st")), f"--config-file={config}", "run"]
    ran = subprocess.run(
        [
            *program,
            f"{address}/openapi.json",
            f"--header=Authorization: Bearer {secret}",
            f"--max-examples={examples}",
            "--seed=1",
            "--warnings=off",
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    generated = re.search(r"([\d,]+) generated", ran.stdout)
    return Asked(
        faultless=ran.returncode == 0,
        requests=int(generated.group(1).replace(",", "")) if generated else 0,
        report=ran.stdout[-30_000:] + ran.stderr[-2_000:],
    )
