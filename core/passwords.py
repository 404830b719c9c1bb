"""Passwords: what is allowed as one, its hash, and whether one fits a hash.

Hashes are Argon2id with the parameters that RFC 9106 recommends where memory is scarce (64 MiB,
3 passes, 4 lanes), as argon2-cffi has them by default. What is asked of a password is its length
alone (NIST SP 800-63B, 3.1.1.2): rules about kinds of characters make people choose worse ones.
"""

import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid, Transient

MAX_CHARS = 1_000
_GENERATED_BYTES = 18
_AT_ONCE = threading.BoundedSemaphore(4)
"""64 MiB each: a crowd at the door must not take the machine's memory."""
_WAIT_S = 5
_HASHER = PasswordHasher()
_DUMMY = (
    "$argon2id$v=19$m=65536,t=3,p=4$gSzIXBGvMCpyhfaVpEFWVw$"
    "8D9Nsx0UDXaAWAVcQ1ZQqkFdpIJhyh5ELkDBFsqOYWA"
)
"""No password's hash: what an unknown name is checked against, so that it takes as long."""


def hash_password(password: str, *, min_chars: int) -> str:
    """The hash to keep.

    Args:
        password: in any characters; counted and hashed after NFKC, so that keyboards agree.
        min_chars: fewest characters.

    Raises:
        Invalid: it is too short or too long.
        Transient: too many passwords are checked at this moment.
    """
    normal = _normal(password)
    if not min_chars <= len(normal) <= MAX_CHARS:
        problem = "is too short" if len(normal) < min_chars else "is too long"
        raise Invalid("password", problem, f"take {min_chars} to {MAX_CHARS} characters")
    with _Turn():
        return _HASHER.hash(normal.encode("utf-8", "replace"))


def fits(password: str, kept: str | None) -> bool:
    """Whether a password is the one that a hash was made from; takes its time for None too.

    Raises:
        Transient: too many passwords are checked at this moment.
    """
    with _Turn():
        try:
            _HASHER.verify(kept or _DUMMY, _normal(password).encode("utf-8", "replace"))
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def generated() -> str:
    """A password that nobody could guess: 144 random bits in 24 characters."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


class _Turn:
    """One of the few places at the hashing."""

    def __enter__(self) -> None:
        if not _AT_ONCE.acquire(timeout=_WAIT_S):
            raise Transient("too many passwords are checked at this moment")

    def __exit__(self, *_: object) -> None:
        _AT_ONCE.release()
