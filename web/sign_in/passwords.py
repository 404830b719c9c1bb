"""Signing in with a name and a password, in the same time whatever is wrong with them."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import Engine

from core.passwords import fits, hash_password, is_outdated
from core.settings import Settings
from store.access import people, sessions
from store.access.people import Attempt, Lockout
from store.access.sessions import SessionLife
from store.engine import transaction

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordTerms:
    """How passwords are treated: when they lock, and how short they may be."""

    lockout: Lockout
    min_chars: int


def terms_of(settings: Settings) -> PasswordTerms:
    """The terms as the settings want them."""
    lockout = Lockout(
        failures=settings.sign_in_failures, time=timedelta(minutes=settings.lockout_minutes)
    )
    return PasswordTerms(lockout=lockout, min_chars=settings.password_chars)


def sign_in(
    engine: Engine, name: str, password: str, *, terms: PasswordTerms, life: SessionLife
) -> str | None:
    """A session's secret; None when the name or the password is wrong, or the person locked.

    Raises:
        Transient: too many passwords are checked at this moment.
    """
    attempt = right_attempt(engine, name, password, terms)
    if attempt is None:
        return None
    return transaction(
        engine, lambda c: sessions.begin(c, attempt.person_id, life, name=attempt.name)
    )


def right_attempt(engine: Engine, name: str, password: str, terms: PasswordTerms) -> Attempt | None:
    """The try, if its password is right; no connection is held while it is looked at."""
    attempt = transaction(engine, lambda c: people.begin_attempt(c, name, terms.lockout))
    if attempt is None:
        fits(password, None)
        _log.warning("sign_in_refused", person=None)
        return None
    if not fits(password, attempt.password_hash):
        _log.warning("sign_in_refused", person=attempt.person_id)
        return None
    rehashed = hash_password(password, min_chars=1) if is_outdated(attempt.password_hash) else None
    transaction(engine, lambda c: people.was_right(c, attempt, rehashed=rehashed))
    return attempt
