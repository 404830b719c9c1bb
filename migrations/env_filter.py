"""Which tables a comparison of schema and migrations looks at."""

import re
from typing import Any

from store.tables import PARTITIONED

_PARTITION = re.compile(rf"^({'|'.join(PARTITIONED)})_(p\d{{6}}|rest)$")


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Leaves partitions out: `store.partitions` makes them, not migrations."""
    return not (kind == "table" and name and _PARTITION.match(name))
