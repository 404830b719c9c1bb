"""What to write into a helpdesk, decided on what stands there: nothing that a person set goes."""

from dataclasses import dataclass

from core.types import HelpdeskWrite
from helpdesks.desk import Change, Standing
from helpdesks.tagging import label_tags, ours
from store.helpdesk.helpdesk_tickets import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a decision would have there.

    Attributes:
        team: the department's; None where the helpdesk has none for it.
        tags: all of ours.
        note: the reason, told once.
        writes: what may be written at all.
    """

    team: str | None
    tags: frozenset[str]
    note: str | None
    writes: frozenset[HelpdeskWrite]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What we know of the ticket there.

    Attributes:
        teams: in which it lies as far as nobody moved it; None if nobody told.
        least, most: the tags of labels that it has at least and at most as far as nobody changed
            them.
        wrote_tags: of ours, that we wrote last.
        is_corrected: whether people have said here what is right.
        is_under_way: whether a write of ours was begun and not seen to its end.
    """

    teams: frozenset[str] | None
    least: frozenset[str]
    most: frozenset[str]
    wrote_tags: frozenset[str]
    is_corrected: bool
    is_under_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to change; None for nothing. `left` names what people set and we leave."""

    change: Change | None
    left: tuple[str, ...] = ()


def plan(standing: Standing, past: Past, wish: Wish) -> Plan:
    """The change that leads from what stands to what is wished, as far as it is ours to make."""
    team_is_theirs = past.is_corrected or not _is_ours_to_move(standing, past)
    tags_are_theirs = past.is_corrected or not _are_ours_to_tag(standing, past)
    team = None if team_is_theirs else _team(standing, wish)
    tags = None if tags_are_theirs else _tags(standing, past, wish)
    theirs = (("team", team_is_theirs), ("tags", tags_are_theirs))
    left = tuple(name for name, is_left in theirs if is_left and name in wish.writes)
    is_change = team is not None or tags is not None
    note = _note(past, wish, is_change=is_change)
    is_nothing = not is_change and note is None
    return Plan(change=None if is_nothing else Change(team=team, tags=tags, note=note), left=left)


def past_of(known: Known, *, is_corrected: bool) -> Past:
    """What is known of a ticket, as a plan wants it.

    While a write of ours is under way, it may have arrived or not.
    """
    wrote, there = frozenset(known.wrote_tags or ()), frozenset(known.tags or ())
    stood = known.first_team if known.wrote_team is None else known.wrote_team
    teams = {known.wrote_team, known.team} if known.writing else {stood}
    mine = frozenset(label_tags(wrote))
    stood_there = frozenset(label_tags(there)) if known.writing else mine
    told = frozenset(team for team in teams if team is not None)
    return Past(
        teams=told or None,
        least=mine & stood_there,
        most=mine | stood_there,
        wrote_tags=wrote,
        is_corrected=is_corrected,
        is_under_way=known.writing,
    )


def _is_ours_to_move(standing: Standing, past: Past) -> bool:
    return past.teams is None or standing.team in past.teams


def _are_ours_to_tag(standing: Standing, past: Past) -> bool:
    return past.least <= label_tags(standing.tags) <= past.most


def _team(standing: Standing, wish: Wish) -> str | None:
    if HelpdeskWrite.TEAM not in wish.writes or wish.team == standing.team:
        return None
    return wish.team


def _tags(standing: Standing, past: Past, wish: Wish) -> tuple[str, ...] | None:
    """All others stay; of ours, those go that we wrote and that do not hold any more."""
    if HelpdeskWrite.TAGS not in wish.writes:
        return None
    over = ours(past.wrote_tags) - wish.tags
    union = ({*standing.tags} - over) | wish.tags
    return None if union == {*standing.tags} else tuple(sorted(union))


def _note(past: Past, wish: Wish, *, is_change: bool) -> str | None:
    """The reason of what is changed; where nothing may be, of every decision."""
    if HelpdeskWrite.NOTE not in wish.writes or past.is_corrected:
        return None
    is_told = is_change or past.is_under_way or wish.writes == {HelpdeskWrite.NOTE}
    return wish.note if is_told else None
