"""What all signed deliveries have in common: headers, comparison in constant time, freshness."""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime

from helpdesks.seen import Signed, Unverified

_STAMP_DIGITS = 12  # as many are the year 5138 and later


def header(signed: Signed, name: str) -> str:
    """A header that must be there.

    Raises:
        Unverified: it is not.
    """
    given = signed.headers.get(name)
    if not given:
        raise Unverified(f"The delivery carries no {name}")
    return given


def matches(given: str, expected: Sequence[str]) -> None:
    """Lets a signature pass that is one of those expected, compared in constant time.

    Raises:
        Unverified: it is none of them.
    """
    sent = given.encode("utf-8", "replace")
    results = [hmac.compare_digest(sent, each.encode()) for each in expected]
    if not any(results):
        raise Unverified("The signature was not made with the secret of this connection")


def since_1970(stamp: str) -> datetime | None:
    """The moment of a stamp in whole seconds since 1970; None for what is none."""
    if stamp.isascii() and stamp.isdigit() and len(stamp) < _STAMP_DIGITS:
        return datetime.fromtimestamp(int(stamp), UTC)
    return None


def fresh(at: datetime, signed: Signed) -> None:
    """Lets a delivery pass that was signed just now.

    Raises:
        Unverified: long ago, or in the future.
    """
    late_s = (signed.now - at).total_seconds()
    if abs(late_s) > signed.tolerance_s:
        when = "ago" if late_s > 0 else "in the future"
        raise Unverified(f"The delivery was signed {abs(late_s):.0f} s {when}")
