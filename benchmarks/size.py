"""How much of its work a benchmark does: all, or the share that `BENCH_SHARE` (0 to 1) names."""

import os

SHARE = "BENCH_SHARE"


def scaled(count: int, least: int = 1) -> int:
    """A count of tickets or rows, cut down for a short run."""
    return max(least, round(count * float(os.environ.get(SHARE, "1"))))
