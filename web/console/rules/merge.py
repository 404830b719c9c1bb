"""A draft taken onto what somebody else saved meanwhile. Pure."""

from collections.abc import Mapping

from router.ruleset import Rule, Ruleset
from web.console.rules.edits import spread


def merged(base: Ruleset, theirs: Ruleset, mine: Ruleset) -> Ruleset:
    """My changes of `base` made on `theirs`, rule by rule.

    A rule that I did not touch is as they left it, one that both changed is mine. Where an order is
    taken twice, the later of the two gets the next one that is free.
    """
    was, stands, wanted = _by_id(base), _by_id(theirs), _by_id(mine)
    ids = dict.fromkeys([*stands, *wanted])
    chosen = (_chosen(was.get(id_), stands.get(id_), wanted.get(id_)) for id_ in ids)
    is_mine = mine.default_department != base.default_department
    default = mine.default_department if is_mine else theirs.default_department
    rules = tuple(rule for rule in chosen if rule is not None)
    return spread(Ruleset(default_department=default, rules=rules))


def changed_by_both(base: Ruleset, theirs: Ruleset, mine: Ruleset) -> tuple[str, ...]:
    """Ids of the rules that both changed, and not alike."""
    was, stands, wanted = _by_id(base), _by_id(theirs), _by_id(mine)
    return tuple(
        id_
        for id_ in dict.fromkeys([*was, *stands, *wanted])
        if was.get(id_) != stands.get(id_)
        and was.get(id_) != wanted.get(id_)
        and stands.get(id_) != wanted.get(id_)
    )


def _chosen(base: Rule | None, theirs: Rule | None, mine: Rule | None) -> Rule | None:
    return theirs if mine == base else mine


def _by_id(ruleset: Ruleset) -> Mapping[str, Rule]:
    return {rule.id: rule for rule in ruleset.rules}
