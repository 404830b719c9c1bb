"""Which tickets people look at to tell how good decisions are: a random share of all of them.

Corrections that agents make by themselves tell of the tickets that somebody cared about; only
tickets drawn by chance speak for all of them. The draw is a hash, so that every process draws the
same tickets and nothing has to be remembered. `store.figures.quality` makes the same draw in SQL.
"""

import hashlib

# Another salt would draw other tickets, and what was looked at so far would be lost.
AUDIT_SALT = "audit"
_HASH_BYTES = 8


def is_drawn(key: str, salt: str, share: float) -> bool:
    """Whether a ticket belongs to the audit: always the same answer for the same arguments.

    Args:
        key: of the ticket, unique in the stream.
        salt: of the audit; another one draws other tickets, independently.
        share: of the stream that is wanted, in [0, 1]; a larger share keeps those of a smaller.
    """
    return hashlib.sha256(f"{salt}\0{key}".encode()).digest() < draw_limit(share)


def draw_limit(share: float) -> bytes:
    """What the SHA-256 of salt, zero byte and key is less than, byte by byte, if it is drawn.

    Args:
        share: in [0, 1].
    """
    if share >= 1:
        return b"\xff" * (hashlib.sha256().digest_size + 1)  # more than any hash
    return int(share * 256**_HASH_BYTES).to_bytes(_HASH_BYTES, "big")
