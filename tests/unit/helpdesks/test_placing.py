"""Snapshots in any order: whose doing a change is, and what stands in the end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from helpdesks.placing import Moved, placed
from helpdesks.seen import Place, Seen
from store.helpdesk.helpdesk_tickets import Known

_T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)
_NEW = Known(connection="z", external_id="7")
_WE, _AGENT = "99", "12"


def _seen(minute: int, team: str | None, *tags: str, actor: str | None = _AGENT) -> Seen:
    return Seen(
        external_id="7",
        at=_T0 + timedelta(minutes=minute),
        content=None,
        said_at=None,
        place=Place(team=team, tags=tags),
        actor=actor,
    )


def _after(known: Known, *snapshots: Seen) -> tuple[Known, list[Moved]]:
    moves = []
    for each in snapshots:
        known, moved = placed(known, each, service_user=_WE)
        moves += [moved] if moved else []
    return known, moves


def test_the_first_snapshot_is_where_it_lay_and_nobodys_move() -> None:
    known, moves = _after(_NEW, _seen(0, "Users", "vip"))
    assert (known.first_team, known.team, known.tags, moves) == ("Users", "Users", ("vip",), [])


def test_an_agents_move_and_labels_are_told_apart() -> None:
    _, moves = _after(_NEW, _seen(0, "Users"), _seen(1, "Billing"), _seen(2, "Billing", "label__a"))
    assert moves == [Moved(team="Billing"), Moved(tags=frozenset({"label__a"}))]


def test_tags_that_are_no_labels_are_no_correction() -> None:
    assert _after(_NEW, _seen(0, "Users"), _seen(1, "Users", "vip", "route__x"))[1] == []


def test_our_own_user_moves_nothing() -> None:
    known, moves = _after(_NEW, _seen(0, "Users"), _seen(1, "Orders", "label__a", actor=_WE))
    assert (known.team, moves) == ("Orders", [])


@pytest.mark.parametrize("actor", [None, _AGENT])
def test_what_nobody_is_named_for_is_ours_while_we_write_just_that(actor: str | None) -> None:
    known, _ = _after(_NEW, _seen(0, "Users"))
    writing = replace(known, wrote_team="Orders", wrote_tags=("label__a",), writing=True)
    _, moves = _after(writing, _seen(1, "Orders", "label__a", actor=actor))
    assert bool(moves) is (actor is not None)
    _, others = _after(writing, _seen(1, "Legal", "label__b", actor=None))
    assert others == [Moved(team="Legal", tags=frozenset({"label__b"}))]


def test_snapshots_end_alike_in_every_order_and_number() -> None:
    told = [_seen(0, "Users"), _seen(1, "Billing", "label__a"), _seen(2, "Legal", "label__a")]
    ends = {_after(_NEW, *order, *order)[0] for order in permutations(told)}
    assert len(ends) == 1
    (end,) = ends
    assert (end.first_team, end.team, end.tags) == ("Users", "Legal", ("label__a",))


def test_a_late_snapshot_from_before_our_write_is_nobodys_move() -> None:
    known, _ = _after(_NEW, _seen(0, "Users"))
    wrote = replace(known, team="Orders", placed_at=_T0 + timedelta(minutes=1))
    assert _after(wrote, _seen(0, "Users"), _seen(1, "Users"))[1] == []
