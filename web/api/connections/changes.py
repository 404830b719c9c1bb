"""Connections as people change them over HTTP, in the console and by command: refused if unusable.

Each function takes an open transaction, and who asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from core.addresses import Reach, check_url
from core.errors import Invalid
from core.sealing import Box
from core.settings import Settings
from core.text import clean_text
from core.ticket_json import ticket_object
from core.types import HelpdeskKind, HelpdeskWrite
from helpdesks import standard, zendesk
from helpdesks.kinds import KINDS, mapping_of
from helpdesks.mapping import checked
from helpdesks.seen import Corrected, NotForUs
from store.delivery import webhook_endpoints
from store.delivery.webhook_endpoints import EndpointState
from store.helpdesk import helpdesks
from store.helpdesk.helpdesks import ENDPOINT, Helpdesk, Wanted
from web.api.connections import schemas
from web.api.connections.schemas import ConnectionChange, NewConnection, Preview
from web.etags import must_match
from web.problems import Problem

MOST = 50
_OFF = "nothing is written back"
_ROUTED = "ticket.routed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What connections must keep to.

    Attributes:
        box: seals secrets.
        reach: where APIs may be.
        is_production: whether secrets that everybody knows are refused.
    """

    box: Box
    reach: Reach
    is_production: bool


def terms_of(settings: Settings) -> Terms:
    """As the settings want it."""
    return Terms(
        box=Box(settings.webhook_key),
        reach=settings.webhook_reach,
        is_production=settings.production,
    )


def add_connection(connection: Connection, body: NewConnection, by: str, terms: Terms) -> Helpdesk:
    """Adds one.

    Raises:
        Problem: there is one of that name.
        Invalid: it could not work; names the field.
    """
    if len(helpdesks.connections(connection)) >= MOST:
        raise Invalid("name", f"would be one of more than {MOST}", "remove one first")
    said = body.model_dump(exclude={"name", "kind"}, exclude_unset=True)
    empty = Wanted(name=body.name, kind=body.kind, mapping={}, teams={})
    wanted = _wanted(empty, said, terms)
    if not helpdesks.add(connection, wanted, by=by):
        raise Problem("conflict", f"There is a connection {body.name}.")
    _write_back(connection, wanted, terms, by)
    return found(connection, body.name)


def change_connection(
    connection: Connection,
    name: str,
    body: ConnectionChange,
    by: str,
    terms: Terms,
    *,
    if_match: str | None,
) -> Helpdesk:
    """Changes one.

    Raises:
        Problem: there is none, or the change was not made on what stands.
        Invalid: it could not work; names the field.
    """
    before = found(connection, name, lock=True)
    said = body.model_dump(exclude_unset=True)
    open_ = {key: value for key, value in said.items() if key not in ("secrets", "token")}
    current = shown(before).model_dump(mode="json")
    must_match(if_match, before.version, current=current, yours={**current, **open_})
    wanted = _wanted(before, said, terms)
    helpdesks.change(connection, before, wanted, by=by)
    _write_back(connection, wanted, terms, by)
    return found(connection, name)


def remove_connection(connection: Connection, name: str, by: str, *, if_match: str | None) -> None:
    """Forgets one; its tickets stay.

    Raises:
        Problem: there is none, or it was not looked at as it stands.
    """
    before = found(connection, name, lock=True)
    must_match(if_match, before.version, current=shown(before).model_dump(mode="json"))
    helpdesks.remove(connection, name, by=by)
    endpoint = webhook_endpoints.endpoint_of(connection, kind=ENDPOINT, target=name)
    if endpoint is not None:
        webhook_endpoints.delete(connection, endpoint, by=by)


def found(connection: Connection, name: str, *, lock: bool = False) -> Helpdesk:
    """The connection of a name.

    Raises:
        Problem: there is none.
    """
    stored = helpdesks.find(connection, clean_text(name).text, lock=lock)
    if stored is None:
        raise Problem("not-found", "There is no connection of this name.")
    return stored


def shown(desk: Helpdesk) -> schemas.Connection:
    """A connection without its secrets."""
    names = schemas.Connection.model_fields.keys() - {"secrets", "has_token", "intake"}
    return schemas.Connection(
        **{name: getattr(desk, name) for name in names},
        secrets=len(desk.secrets),
        has_token=desk.token is not None,
        intake=f"/v1/intake/{desk.name}",
    )


def preview(kind: HelpdeskKind, mapping: Mapping[str, str], sample: Mapping[str, Any]) -> Preview:
    """What a sample would become under a connection's own expressions.

    Raises:
        Invalid: the mapping is none or does not work on it, or it names no ticket.
    """
    checked(mapping)
    now = datetime.now(UTC)
    told = KINDS[kind].parse(sample, {}, mapping_of(kind, mapping), now)
    empty = Preview(
        outcome="ignored", reason=None, ticket=None, team=None, tags=None, actor=None, missing=[]
    )
    if isinstance(told, NotForUs):
        return empty.model_copy(update={"reason": told.reason})
    if isinstance(told, Corrected):
        return empty.model_copy(update={"outcome": "feedback", "actor": told.agent})
    return Preview(
        outcome="place" if told.content is None else "ticket",
        reason=None,
        ticket=None if told.content is None else ticket_object(told.content),
        team=told.place.team,
        tags=None if told.place.tags is None else list(told.place.tags),
        actor=told.actor,
        missing=list(told.missing),
    )


def _wanted(before: Wanted, said: Mapping[str, Any], terms: Terms) -> Wanted:
    """What stands with what was said in its place, sealed and checked."""
    _check_secrets(before.kind, said.get("secrets", []), terms)
    values = {name: getattr(before, name) for name in Wanted.__dataclass_fields__}
    values |= said
    if "secrets" in said:
        values["secrets"] = tuple(terms.box.seal(each) for each in said["secrets"])
    if said.get("token") is not None:
        values["token"] = terms.box.seal(said["token"])
    values["writes"] = tuple(dict.fromkeys(map(HelpdeskWrite, values["writes"])))
    wanted = Wanted(**values)
    _check(wanted, terms)
    return wanted


def _check_secrets(kind: HelpdeskKind, secrets: list[str], terms: Terms) -> None:
    if kind is HelpdeskKind.STANDARD:
        for secret in secrets:
            standard.checked_secret(secret)
    if terms.is_production and zendesk.TEST_SECRET in secrets:
        fix = "take the one that Zendesk shows once the webhook is there"
        raise Invalid("secrets", "are Zendesk's public one for tests", fix)


def _check(wanted: Wanted, terms: Terms) -> None:
    """Refuses what could not work.

    Raises:
        Invalid: names the field.
    """
    checked(wanted.mapping)
    if wanted.base_url is not None:
        _check_url(wanted.base_url, terms)
    is_asked = wanted.kind is HelpdeskKind.REQUEST_TRACKER
    if not is_asked and not wanted.secrets:
        raise Invalid("secrets", "are missing", "give the one that the helpdesk signs with")
    if is_asked or wanted.writes:
        _check_api(wanted)


def _check_url(url: str, terms: Terms) -> None:
    try:
        check_url(url, terms.reach)
    except Invalid as error:
        raise Invalid("base_url", error.problem, error.fix) from error


def _check_api(wanted: Wanted) -> None:
    if KINDS[wanted.kind].desk is None:
        fix = "leave it empty, and let a webhook tell what was decided (docs/webhooks.md)"
        raise Invalid("writes", "has nothing to write to", fix)
    needed = ["base_url", "token"]
    if wanted.kind is HelpdeskKind.CHATWOOT:
        needed.append("account")
    elif wanted.writes:
        needed.append("service_user")
    is_field = wanted.kind is HelpdeskKind.REQUEST_TRACKER
    if is_field and HelpdeskWrite.TAGS in wanted.writes:
        needed.append("labels_field")
    for name in needed:
        if getattr(wanted, name) is None:
            raise Invalid(name, "is missing", f"a connection to {wanted.kind} needs it")


def _write_back(connection: Connection, wanted: Wanted, terms: Terms, by: str) -> None:
    """Lets decisions go to the helpdesk, or no longer."""
    endpoint = webhook_endpoints.endpoint_of(connection, kind=ENDPOINT, target=wanted.name)
    is_on = wanted.active and bool(wanted.writes)
    if is_on and endpoint is None:
        asked = webhook_endpoints.Wanted(target=wanted.name, events=(_ROUTED,), kind=ENDPOINT)
        webhook_endpoints.add(connection, asked, terms.box, by=by)
    elif is_on and endpoint is not None and endpoint.state is EndpointState.DISABLED:
        webhook_endpoints.resume(connection, endpoint, by=by)
    elif not is_on and endpoint is not None and endpoint.state is not EndpointState.DISABLED:
        webhook_endpoints.stop(connection, endpoint, EndpointState.DISABLED, _OFF, by=by)
