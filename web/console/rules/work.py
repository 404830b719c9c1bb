"""What each button of the rules page does to a draft, and the part of the page that shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy import Connection

from core.errors import Invalid
from router.rules_yaml import dump_rules, load_rules
from router.ruleset import Ruleset
from web.console.rules.bench import Bench, Sent, bench_of, number, read_draft
from web.console.rules.editor import Editor, opened, pressed, taken
from web.console.rules.edits import moved, place_of, put_back, without
from web.console.rules.merge import merged
from web.console.rules.view import as_it_stands, base_of, editor_shown, list_shown

Part: TypeAlias = tuple[str, dict[str, Any]]
"""A template, and what it needs."""
_Change: TypeAlias = Callable[[Ruleset, Ruleset, str], Ruleset]
"""The draft, the rules that it was made on, and what the button is about; another draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One request that works on a draft.

    Attributes:
        form: all that was sent; its `do` is a verb, and what it is about.
    """

    connection: Connection
    form: Sent

    def as_it_stands(self, **also: Any) -> Part:
        """The list of the rules that decide now."""
        return self._listed(as_it_stands(self.connection), **also)

    def handed(self) -> Part:
        """The list of a draft that another page made on what stands."""
        now = as_it_stands(self.connection)
        return self._listed(replace(now, draft=read_draft(self.form.one("draft"))))

    def shown(self) -> Part:
        """The list of the draft as it was sent."""
        return self._listed(bench_of(self.form))

    def done(self) -> Part:
        """Does what was asked for; a verb that is none shows the draft as it is."""
        verb, _, about = self.form.one("do").partition(" ")
        bench = bench_of(self.form)
        own = _OWN.get(verb)
        return own(self, bench, about) if own else self._changed(bench, verb, about)

    def _listed(self, bench: Bench, **also: Any) -> Part:
        shown = list_shown(self.connection, bench)
        return "rules/_desk.html", {
            "saved": None,
            "undo": 0,
            "focus": "",
            "said": "",
        } | shown | also

    def _edited(self, bench: Bench, editor: Editor) -> Part:
        return "rules/_editor.html", editor_shown(self.connection, bench, editor)

    def _changed(self, bench: Bench, verb: str, about: str) -> Part:
        before = base_of(self.connection, bench)
        wanted = _CHANGES.get(verb, _nothing)(bench.draft, before, about)
        focus = about.partition(" ")[0]
        return self._listed(replace(bench, draft=wanted), said=verb, focus=focus)

    def _opens(self, bench: Bench, about: str) -> Part:
        return self._edited(bench, opened(bench.draft, about))

    def _copies(self, bench: Bench, about: str) -> Part:
        return self._edited(bench, opened(bench.draft, about, as_copy=True))

    def _presses(self, bench: Bench, _about: str) -> Part:
        return self._edited(bench, pressed(self.form))

    def _takes(self, bench: Bench, _about: str) -> Part:
        found = taken(bench.draft, self.form)
        if isinstance(found, Editor):
            return self._edited(bench, found)
        focus = self.form.one("id").strip()
        return self._listed(replace(bench, draft=found), said="take", focus=focus)

    def _defaults(self, bench: Bench, _about: str) -> Part:
        name = self.form.one("default_department").strip()
        if not name:
            raise Invalid("default_department", "is empty", "choose a department")
        return self._listed(replace(bench, draft=replace(bench.draft, default_department=name)))

    def _writes(self, bench: Bench, _about: str) -> Part:
        return _yaml(bench, dump_rules(bench.draft))

    def _reads(self, bench: Bench, _about: str) -> Part:
        text = self.form.one("yaml")
        try:
            wanted = load_rules(self.form.file or text)
        except Invalid as error:
            return _yaml(bench, text, error)
        return self._listed(replace(bench, draft=wanted), said="read")

    def _finds(self, bench: Bench, _about: str) -> Part:
        return self._listed(replace(bench, skip=0))

    def _turns(self, bench: Bench, about: str) -> Part:
        return self._listed(replace(bench, skip=number(about, "page")))

    def _discards(self, bench: Bench, _about: str) -> Part:
        return self._listed(replace(as_it_stands(self.connection), hits=bench.hits))

    def _merges(self, bench: Bench, _about: str) -> Part:
        now = as_it_stands(self.connection)
        both = merged(base_of(self.connection, bench), now.draft, bench.draft)
        return self._listed(replace(bench, base=now.base, draft=both))

    def _refreshes(self, bench: Bench, about: str) -> Part:
        """What stands now; a draft with changes stays, and tells what it was overtaken by."""
        is_kept = bench.draft != base_of(self.connection, bench)
        return self._listed(bench) if is_kept else self._discards(bench, about)


def _yaml(bench: Bench, text: str, wrong: Invalid | None = None) -> Part:
    return "rules/_yaml.html", {"bench": bench, "text": text, "wrong": wrong}


def _nothing(draft: Ruleset, _before: Ruleset, _about: str) -> Ruleset:
    return draft


def _up(draft: Ruleset, _before: Ruleset, rule_id: str) -> Ruleset:
    return moved(draft, rule_id, (place_of(draft, rule_id) or 0) - 1)


def _down(draft: Ruleset, _before: Ruleset, rule_id: str) -> Ruleset:
    return moved(draft, rule_id, (place_of(draft, rule_id) or 0) + 1)


def _move(draft: Ruleset, _before: Ruleset, about: str) -> Ruleset:
    rule_id, _, place = about.partition(" ")
    return moved(draft, rule_id, number(place, "place"))


def _remove(draft: Ruleset, _before: Ruleset, rule_id: str) -> Ruleset:
    return without(draft, rule_id)


_CHANGES: Mapping[str, _Change] = {
    "up": _up,
    "down": _down,
    "move": _move,
    "remove": _remove,
    "putback": put_back,
}
_OWN: Mapping[str, Callable[[Work, Bench, str], Part]] = {
    "open": Work._opens,
    "new": Work._opens,
    "copy": Work._copies,
    "add": Work._presses,
    "drop": Work._presses,
    "take": Work._takes,
    "default": Work._defaults,
    "yaml": Work._writes,
    "read": Work._reads,
    "find": Work._finds,
    "page": Work._turns,
    "discard": Work._discards,
    "onto": Work._merges,
    "refresh": Work._refreshes,
}
