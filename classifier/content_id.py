"""Short names for content, so that a decision can say exactly which parts it came from."""

import hashlib
import json
from typing import Any

ID_CHARS = 12


def content_id(content: bytes) -> str:
    """The first 12 hex digits (48 bits) of the SHA-256 of the bytes."""
    return hashlib.sha256(content).hexdigest()[:ID_CHARS]


def object_id(value: Any) -> str:
    """The `content_id` of a JSON-ready value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return content_id(text.encode())
