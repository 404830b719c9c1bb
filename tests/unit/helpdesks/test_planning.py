"""What is written into a helpdesk, and what is left to people."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.types import HelpdeskWrite
from helpdesks.desk import Change, Standing
from helpdesks.planning import Plan, Wish, past_of, plan
from helpdesks.tagging import label_tags, labels_of, ours, slug, tags_of
from store.helpdesk.helpdesk_tickets import Known

_ALL = frozenset(HelpdeskWrite)
_TAGS = frozenset(tags_of("orders", ["delivery"], {"delivery": 0.9}))
_WISH = Wish(team="Orders", tags=_TAGS, note="why", writes=_ALL)
_NEW = Known(connection="z", external_id="7", first_team="Users", team="Users", tags=("vip",))
_FRESH = Standing(team="Users", tags=("vip",), at=None)


def _plan(
    standing: Standing, known: Known = _NEW, wish: Wish = _WISH, corrected: bool = False
) -> Plan:
    return plan(standing, past_of(known, is_corrected=corrected), wish)


def test_a_decision_moves_tags_and_tells_why_and_keeps_the_tags_of_others() -> None:
    change = _plan(_FRESH).change
    assert change == Change(team="Orders", tags=tuple(sorted({"vip", *_TAGS})), note="why")
    assert {"route__orders", "label__delivery", "confidence__high"} == _TAGS


def test_what_stands_already_is_not_written_again() -> None:
    there = Standing(team="Orders", tags=("vip", *_TAGS), at=None)
    known = replace(_NEW, wrote_team="Orders", wrote_tags=tuple(_TAGS))
    assert _plan(there, known, replace(_WISH, note=None)).change is None


def test_a_ticket_that_a_person_moved_keeps_its_team() -> None:
    planned = _plan(replace(_FRESH, team="Legal"))
    assert (planned.change and planned.change.team, planned.left) == (None, ("team",))


def test_labels_that_a_person_set_or_took_away_stay() -> None:
    by_hand = replace(_FRESH, tags=("vip", "label__refund"))
    assert _plan(by_hand).left == ("tags",)
    known = replace(_NEW, wrote_tags=tuple(_TAGS))
    planned = _plan(replace(_FRESH, tags=tuple(_TAGS - {"label__delivery"})), known)
    assert (planned.change and planned.change.tags, planned.left) == (None, ("tags",))


def test_a_newer_decision_takes_its_older_tags_away_and_nobody_elses() -> None:
    known = replace(_NEW, wrote_team="Orders", wrote_tags=tuple(_TAGS))
    newer = frozenset(tags_of("billing", ["refund"], {"refund": 0.7}))
    standing = Standing(team="Orders", tags=("vip", "route_66", *_TAGS), at=None)
    change = _plan(standing, known, replace(_WISH, team="Billing", tags=newer)).change
    assert change and change.team == "Billing"
    assert {*(change.tags or ())} == {"vip", "route_66", *newer}


def test_a_write_that_broke_off_is_taken_up_whether_it_arrived_or_not() -> None:
    known = replace(_NEW, wrote_team="Orders", wrote_tags=tuple(_TAGS), writing=True)
    arrived = Standing(team="Orders", tags=("vip", *_TAGS), at=None)
    for standing in (_FRESH, arrived):
        assert _plan(standing, known).left == ()
    assert _plan(replace(_FRESH, team="Legal"), known).left == ("team",)


def test_after_a_correction_here_nothing_is_written() -> None:
    planned = _plan(_FRESH, corrected=True)
    assert (planned.change, planned.left) == (None, ("team", "tags"))


def test_the_reason_is_told_of_changes_and_of_those_that_broke_off() -> None:
    there = Standing(team="Orders", tags=("vip", *_TAGS), at=None)
    known = replace(_NEW, wrote_team="Orders", wrote_tags=tuple(_TAGS))
    assert _plan(there, known).change is None
    assert _plan(there, replace(known, writing=True)).change == Change(note="why")
    by_hand = Standing(team="Legal", tags=("label__refund",), at=None)
    assert _plan(by_hand).change is None


def test_only_what_may_be_written_is() -> None:
    change = _plan(_FRESH, wish=replace(_WISH, writes=frozenset({HelpdeskWrite.NOTE}))).change
    assert change == Change(note="why")
    assert _plan(_FRESH, wish=replace(_WISH, writes=frozenset())).change is None


_TAG = st.sampled_from(["vip", "x", "label__a", "label__b", "route__a", "confidence__low"])
_SET = st.frozensets(_TAG, max_size=6)


@given(standing=_SET, wrote=_SET, wanted=_SET, team=st.sampled_from(["", "A", "B"]))
def test_no_tag_of_others_is_lost_and_no_team_of_a_persons_overwritten(
    standing: frozenset[str], wrote: frozenset[str], wanted: frozenset[str], team: str
) -> None:
    mine = frozenset(ours(wrote))
    known = replace(_NEW, first_team="A", wrote_team="A", wrote_tags=tuple(mine))
    there = Standing(team=team, tags=tuple(standing), at=None)
    wish = Wish(team="C", tags=frozenset(ours(wanted)), note=None, writes=_ALL)
    change = _plan(there, known, wish).change or Change()
    assert standing - mine <= {*(change.tags or standing)}
    assert change.team is None or team == "A"
    if label_tags(standing) != label_tags(mine):
        assert change.tags is None


@given(names=st.lists(st.text(min_size=1, max_size=20), unique_by=slug, max_size=5))
def test_tags_say_the_labels_again(names: list[str]) -> None:
    named = [name for name in names if slug(name)]
    tags = tags_of("orders", named, {})
    assert labels_of(tags, named) == tuple(sorted(named))
    assert all(" " not in tag and "," not in tag for tag in tags)
