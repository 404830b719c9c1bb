"""Cursors of pages: opaque to callers, so that what is in them may change."""

import base64
import binascii
from uuid import UUID

from core.errors import Invalid

_LARGEST_NUMBER = (1 << 63) - 1


def cursor_of(id_: UUID) -> str:
    """The cursor of the page after this id."""
    return base64.urlsafe_b64encode(id_.bytes).decode().rstrip("=")


def id_of(cursor: str) -> UUID:
    """The id after which a page begins.

    Raises:
        Invalid: we never gave this cursor.
    """
    try:
        return UUID(bytes=base64.b64decode(f"{cursor}==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        fix = "take `next` of the page before"
        raise Invalid("cursor", "is not one of ours", fix) from error


def cursor_of_number(number: int) -> str:
    """The cursor of the page after this row number."""
    return cursor_of(UUID(int=number))


def number_of(cursor: str) -> int:
    """The row number after which a page begins.

    Raises:
        Invalid: we never gave this cursor.
    """
    number = id_of(cursor).int
    if not 0 < number <= _LARGEST_NUMBER:
        raise Invalid("cursor", "is not one of ours", "take `next` of the page before")
    return number
