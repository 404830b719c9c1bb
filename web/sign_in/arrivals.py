"""People who come from an OpenID provider: who they are here, and as what.

They are known by issuer and subject alone. A person with a password is never taken for one from
the provider because an e-mail address is the same: whoever may choose addresses there would
otherwise choose whom to be here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from core.errors import Invalid
from core.types import Role
from store.access import people, sessions
from store.access.people import MAX_NAME_CHARS, Identity, Person
from store.access.sessions import SessionLife
from web.problems import Problem
from web.sign_in.oidc import refusal

_ACTOR = "openid provider"
_STRONGEST_FIRST = (Role.ADMIN, Role.APPROVER, Role.OPS, Role.AGENT, Role.HELPDESK)
_MAX_SUBJECT_CHARS = 255
"""OpenID Connect Core, 2: a subject is no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTerms:
    """Where roles come from.

    Attributes:
        claim: that holds them, at each sign-in; None where admins give them here.
        default: for whom it names none; None refuses them.
    """

    claim: str | None
    default: Role | None


def let_in(
    connection: Connection,
    claims: Mapping[str, Any],
    *,
    issuer: str,
    terms: RoleTerms,
    life: SessionLife,
) -> str:
    """A session's secret for who came; a stranger becomes a person.

    Raises:
        Problem: no role for them, they are disabled, or their name is taken by another.
    """
    identity = Identity(issuer=issuer, subject=_subject(claims))
    known = people.person_of(connection, identity)
    one = _welcomed(connection, known, claims, terms, identity)
    if one.disabled_at is not None:
        raise Problem("forbidden", f"{one.name} is disabled.", fix="ask an admin")
    return sessions.begin(connection, one.id, life, name=one.name)


def role_of(claims: Mapping[str, Any], terms: RoleTerms) -> Role | None:
    """The strongest role that the provider names, or the default one."""
    said = claims.get(terms.claim) if terms.claim else None
    named = said if isinstance(said, list) else [said]
    return next((role for role in _STRONGEST_FIRST if role in named), terms.default)


def name_of(claims: Mapping[str, Any]) -> str:
    """The e-mail address if the provider verified it, otherwise the subject."""
    email = claims.get("email")
    verified = isinstance(email, str) and claims.get("email_verified") is True
    name = email if verified and email else claims["sub"]
    return re.sub(r"[^\w.@+|:-]", "_", name)[:MAX_NAME_CHARS]


def _welcomed(
    connection: Connection,
    known: Person | None,
    claims: Mapping[str, Any],
    terms: RoleTerms,
    identity: Identity,
) -> Person:
    role = known.role if known and not terms.claim else role_of(claims, terms)
    if role is None:
        detail = "The provider names no role of Pointsman for you."
        raise Problem("forbidden", detail, fix="ask an admin for a role")
    if known is None:
        return _added(connection, name_of(claims), role, identity)
    if known.role is role:
        return known
    disabled = known.disabled_at is not None
    return people.change(connection, known, actor=_ACTOR, role=role, disabled=disabled)


def _added(connection: Connection, name: str, role: Role, identity: Identity) -> Person:
    try:
        return people.add(connection, name=name, role=role, identity=identity, actor=_ACTOR)
    except Invalid as error:
        fix = "sign in with the password, or ask an admin"
        raise Problem("conflict", f"The name {name} {error.problem}.", fix=fix) from error


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims["sub"]
    sound = isinstance(subject, str) and subject.isprintable()
    if not sound or not 1 <= len(subject) <= _MAX_SUBJECT_CHARS:
        raise refusal("The provider's subject is none.")
    return str(subject)
