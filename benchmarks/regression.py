"""Whether a ratio got worse since the last result; ratios alone, since machines differ.

Both sides of a ratio ran on one machine in one run, so it travels; a busy machine shakes it all
the same, hence the room.
"""

from collections.abc import Mapping
from typing import Any

ROOM = 0.15
"""Share by which a ratio may be worse before anybody is told."""
LESS_IS_BETTER = frozenset({"P7", "P12", "P14", "Q3"})
"""Those whose ratio is ours by the peer's in time, memory or error."""


def warning(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> str | None:
    """What to tell of a new result; None when it is as good as the last one of the same size.

    Args:
        old: the result that was kept last under the same id; None if there was none.
        new: what was just measured.
    """
    if old is None or old.get("share", 1.0) != new.get("share", 1.0) or not old["ratio"]:
        return None
    change = new["ratio"] / old["ratio"] - 1
    worse = change if new["id"] in LESS_IS_BETTER else -change
    if worse <= ROOM:
        return None
    return (
        f"{new['id']}: the ratio went from {old['ratio']} ({old['commit']}, {old['at'][:10]}) "
        f"to {new['ratio']}, {worse:.0%} worse"
    )
