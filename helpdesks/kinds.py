"""Every helpdesk by its kind, each with its three parts: verify, parse, write back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.types import HelpdeskKind
from helpdesks import chatwoot, request_tracker, standard, zammad, zendesk
from helpdesks.desk import Access, Desk
from helpdesks.seen import Signed, Told

Verify = Callable[[Signed, tuple[str, ...]], None]
Parse = Callable[[Mapping[str, Any], Mapping[str, str], Mapping[str, str], datetime], Told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What we know of a helpdesk.

    Attributes:
        verify: refuses deliveries that are not genuine.
        signature: header that its deliveries are signed in; none where it sends nothing.
        parse: reads payload and headers by a mapping; by the clock given nothing is later.
        mapping: its own.
        desk: its API; None where there is none to write to.
        names_teams: whether its teams go by name, so that a department's own name will do.
        comes_back: whether a delivery that was refused is sent again after minutes; what others
            sent would be lost. Zammad tries for 100 s, Zendesk three times, Chatwoot not at all.
    """

    verify: Verify
    signature: str | None
    parse: Parse
    mapping: Mapping[str, str]
    desk: Callable[[Access], Desk] | None
    names_teams: bool
    comes_back: bool = False


KINDS: Mapping[HelpdeskKind, Kind] = {
    HelpdeskKind.ZENDESK: Kind(
        verify=zendesk.verify,
        signature=zendesk.SIGNATURE,
        parse=zendesk.parse,
        mapping=zendesk.MAPPING,
        desk=zendesk.Desk,
        names_teams=False,
    ),
    HelpdeskKind.ZAMMAD: Kind(
        verify=zammad.verify,
        signature=zammad.SIGNATURE,
        parse=zammad.parse,
        mapping=zammad.MAPPING,
        desk=zammad.Desk,
        names_teams=True,
    ),
    HelpdeskKind.CHATWOOT: Kind(
        verify=chatwoot.verify,
        signature=chatwoot.SIGNATURE,
        parse=chatwoot.parse,
        mapping=chatwoot.MAPPING,
        desk=chatwoot.Desk,
        names_teams=False,
    ),
    HelpdeskKind.REQUEST_TRACKER: Kind(
        verify=request_tracker.verify,
        signature=None,
        parse=request_tracker.parse,
        mapping=request_tracker.MAPPING,
        desk=request_tracker.Desk,
        names_teams=True,
    ),
    HelpdeskKind.STANDARD: Kind(
        verify=standard.verify,
        signature=standard.SIGNATURE,
        parse=standard.parse,
        mapping=standard.MAPPING,
        desk=None,
        names_teams=True,
        comes_back=True,
    ),
}


def kind_of(headers: Mapping[str, str]) -> HelpdeskKind:
    """Whose delivery it looks like by its signature; Standard Webhooks where it has none."""
    signed = (name for name, kind in KINDS.items() if kind.signature and kind.signature in headers)
    return next(signed, HelpdeskKind.STANDARD)


def mapping_of(kind: HelpdeskKind, own: Mapping[str, str]) -> Mapping[str, str]:
    """The expressions of a connection: the helpdesk's, with its own in their place."""
    return {**KINDS[kind].mapping, **own}


def team_of(kind: HelpdeskKind, teams: Mapping[str, str], department: str) -> str | None:
    """What the helpdesk calls a department; None where we do not know."""
    return teams.get(department, department if KINDS[kind].names_teams else None)


def department_of(teams: Mapping[str, str], team: str) -> str:
    """The department that a team is; its own name where nothing else is said."""
    return next((name for name, called in teams.items() if called == team), team)
