"""What a snapshot says of where a ticket lies: an echo of ours, old news, or an agent's doing."""

from dataclasses import dataclass, replace
from datetime import datetime

from helpdesks.seen import Place, Seen
from helpdesks.tagging import label_tags
from store.helpdesk.helpdesk_tickets import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What an agent changed: None for what they did not.

    Attributes:
        team: to which the ticket was moved.
        tags: that say labels, all that stand now.
    """

    team: str | None = None
    tags: frozenset[str] | None = None


def placed(known: Known, seen: Seen, *, service_user: str | None) -> tuple[Known, Moved | None]:
    """What is known after a snapshot, and what an agent changed, if one did.

    Snapshots may come in any order and number: only one that is newer than all before counts, and
    the oldest tells where the ticket lay at first.
    """
    first = _first(known, seen)
    if known.placed_at is None:
        return _here(first, seen), None
    if seen.at <= known.placed_at:
        return first, None
    moved = _moved(known, seen, is_ours=_is_ours(seen, service_user))
    return replace(_here(first, seen), writing=False if moved else known.writing), moved


def _first(known: Known, seen: Seen) -> Known:
    if seen.place.team is None or (known.first_at is not None and known.first_at <= seen.at):
        return known
    return replace(known, first_at=seen.at, first_team=seen.place.team)


def _here(known: Known, seen: Seen) -> Known:
    place, at = seen.place, seen.at
    team = known.team if place.team is None else place.team
    tags = known.tags if place.tags is None else place.tags
    return replace(known, team=team, tags=tags, placed_at=_later(known.placed_at, at))


def _is_ours(seen: Seen, service_user: str | None) -> bool:
    return service_user is not None and service_user in (seen.actor, seen.agent)


def _moved(known: Known, seen: Seen, *, is_ours: bool) -> Moved | None:
    if is_ours:
        return None
    # Who did it is not always told: while we write, it is us if it is what we write.
    echo = known.writing and seen.actor is None
    team = _changed_team(known, seen.place, echo=echo)
    tags = _changed_tags(known, seen.place, echo=echo)
    return None if team is None and tags is None else Moved(team=team, tags=tags)


def _changed_team(known: Known, place: Place, *, echo: bool) -> str | None:
    if place.team is None or known.team is None or place.team == known.team:
        return None
    return None if echo and place.team == known.wrote_team else place.team


def _changed_tags(known: Known, place: Place, *, echo: bool) -> frozenset[str] | None:
    if place.tags is None or known.tags is None:
        return None
    now = label_tags(place.tags)
    if now == label_tags(known.tags) or (echo and now == label_tags(known.wrote_tags or ())):
        return None
    return frozenset(now)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
