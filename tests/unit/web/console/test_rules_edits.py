from hypothesis import given, settings
from hypothesis import strategies as st

from router.parse import parse_ruleset
from router.ruleset import Ruleset, ruleset_object
from tests.factories.rulesets import a_rule, a_ruleset, label, rulesets
from web.console.rules.edits import difference, moved, put_back, without
from web.console.rules.merge import changed_by_both, merged

_THREE = a_ruleset(*(a_rule(order, id=name) for name, order in (("a", 10), ("b", 11), ("c", 12))))


def _ids(ruleset: Ruleset) -> list[str]:
    return [rule.id for rule in ruleset.rules]


def _orders(ruleset: Ruleset) -> list[int]:
    return [rule.order for rule in ruleset.rules]


@given(ruleset=rulesets(), place=st.integers(0, 6), to=st.integers(-1, 7))
def test_a_move_changes_the_sequence_alone_and_every_order_stays_unique(
    ruleset: Ruleset, place: int, to: int
) -> None:
    ids = _ids(ruleset)
    if place >= len(ids):
        return
    wanted = [id_ for id_ in ids if id_ != ids[place]]
    wanted.insert(max(to, 0), ids[place])
    done = moved(ruleset, ids[place], to)
    assert _ids(done) == wanted
    assert parse_ruleset(ruleset_object(done)) == done


def test_where_a_number_is_free_only_the_moved_rule_gets_another_order() -> None:
    spaced = a_ruleset(*(a_rule(order, id=str(order)) for order in (10, 20, 30)))
    assert difference(spaced, moved(spaced, "30", 1)).changed == ("30",)
    assert _orders(moved(spaced, "10", 2)) == [20, 30, 40]


def test_where_none_is_free_those_that_it_passes_share_out_their_orders() -> None:
    done = moved(_THREE, "a", 1)
    assert (_ids(done), _orders(done)) == (["b", "a", "c"], [10, 11, 12])


def test_a_rule_that_is_put_back_after_its_order_was_taken_gets_the_next() -> None:
    taken = a_ruleset(*without(_THREE, "b").rules, a_rule(11, id="new"))
    done = put_back(taken, _THREE, "b")
    assert _ids(done) == ["a", "new", "b", "c"]
    assert _orders(done) == [10, 11, 12, 13]


def test_the_difference_leaves_out_the_rules_that_are_equal() -> None:
    other = a_ruleset(*without(_THREE, "b").rules, a_rule(11, label(), id="b"))
    change = difference(_THREE, other)
    assert change.changed == ("b",)
    assert not any("id: a" in line for line in change.diff)
    assert difference(_THREE, _THREE).diff == ()


def test_a_draft_is_taken_onto_what_another_saved_rule_by_rule() -> None:
    theirs = a_ruleset(a_rule(10, label("refund"), id="a"), a_rule(12, id="c"), a_rule(20, id="d"))
    mine = a_ruleset(*_THREE.rules[:2], a_rule(12, id="c", stop=True), a_rule(20, id="e"))
    done = merged(_THREE, theirs, mine)
    assert _ids(done) == ["a", "c", "d", "e"]
    assert done.rules[0].when == label("refund")
    assert done.rules[1].stop
    assert _orders(done) == [10, 12, 20, 21]
    assert changed_by_both(_THREE, theirs, mine) == ()


def test_where_both_changed_the_same_rule_mine_is_taken_and_told() -> None:
    theirs = a_ruleset(a_rule(10, label("refund"), id="a"), *_THREE.rules[1:], default="theirs")
    mine = a_ruleset(a_rule(10, label("crash"), id="a"), *_THREE.rules[1:])
    assert merged(_THREE, theirs, mine).rules[0].when == label("crash")
    assert merged(_THREE, theirs, mine).default_department == "theirs"
    assert changed_by_both(_THREE, theirs, mine) == ("a",)


@settings(max_examples=40)
@given(base=rulesets(), theirs=rulesets(), mine=rulesets())
def test_whatever_is_merged_can_be_read_again(
    base: Ruleset, theirs: Ruleset, mine: Ruleset
) -> None:
    done = merged(base, theirs, mine)
    assert parse_ruleset(ruleset_object(done)) == done
    assert merged(base, base, mine) == mine
    assert merged(base, theirs, base) == theirs
