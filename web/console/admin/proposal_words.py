"""What a proposal would change, in words, line by line, or as the diff of the rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from core.errors import Invalid
from core.types import LabelLevel, TrialStage
from router.changes import compare
from router.editing import revision_rules
from router.parse import parse_ruleset
from router.ruleset import Ruleset
from store.access.proposals import Proposal
from store.models import model_versions
from store.rules import rulesets, taxonomy
from web.api.labels.changes import EDIT
from web.api.models.changes import ACTIVATE, BEGIN_TRIAL, END_TRIAL, ROLL_BACK
from web.api.rules.saving import SAVE as SAVE_RULES
from web.api.thresholds.changes import SAVE as SAVE_THRESHOLDS
from web.api.thresholds.schemas import Level
from web.console.numbers import percent
from web.console.words import N_

_Teller = Callable[[Connection, Mapping[str, Any]], dict[str, Any]]
_LEVEL_WORDS = (
    ("automation", N_("level")),
    ("preselect_from", N_("preselected from")),
    ("auto_from", N_("automatic from")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that changes.

    Attributes:
        label: whose; empty where the proposal is about one alone.
        what: in our words, to be translated.
        now: as it stands; None for the model's own threshold, empty where nothing does.
        then: as it would stand; likewise.
    """

    label: str
    what: str
    now: str | None
    then: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A proposal for its reader.

    Attributes:
        sentence: what it asks for, to be translated and filled with `values`.
        now: what serves at this moment, where that is what would change.
        lines: what differs, each label and thing.
        diff: of the rules' YAML, without its head.
        is_late: other rules stand by now than those that it was made on.
    """

    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)
    now: str = ""
    lines: tuple[Line, ...] = ()
    diff: tuple[str, ...] = ()
    is_late: bool = False


_TRIED = N_("Try model %(version)s on live tickets as %(stage)s")
_CANARY = N_("Try model %(version)s on %(percent)s of live tickets")
_PROMOTED = N_("End trial %(trial)s: the version on trial serves")
_ENDED = N_("End trial %(trial)s: the version before serves")
SENTENCES: Mapping[str, str] = {
    SAVE_RULES.name: N_("Save rules"),
    SAVE_THRESHOLDS.name: N_("Change what labels may do"),
    EDIT.name: N_("Edit the label %(label)s"),
    ACTIVATE.name: N_("Let model %(version)s serve"),
    ROLL_BACK.name: N_("Take model %(serving)s back"),
    BEGIN_TRIAL.name: _TRIED,
}


def sentence_of(proposal: Proposal) -> tuple[str, Mapping[str, Any]]:
    """What it asks for, to be translated, and the values for its places."""
    if proposal.change == END_TRIAL.name:
        return (_PROMOTED if proposal.body["promote"] else _ENDED), proposal.body
    if proposal.body.get("stage") == TrialStage.CANARY:
        return _CANARY, {**proposal.body, "percent": percent(proposal.body["share"])}
    return SENTENCES[proposal.change], proposal.body


def told(connection: Connection, proposal: Proposal) -> Told:
    """What a proposal would change; of one that was settled, what it asked for."""
    tellers: Mapping[str, _Teller] = {
        SAVE_RULES.name: _rules,
        SAVE_THRESHOLDS.name: _thresholds,
        EDIT.name: _label,
    }
    sentence, values = sentence_of(proposal)
    teller: _Teller = tellers.get(proposal.change, _model)
    found = Told(sentence=sentence, values=values, **teller(connection, proposal.body))
    return _waiting(found) if proposal.verdict is None else _settled(found)


def _waiting(found: Told) -> Told:
    """Without what stays as it is."""
    return replace(found, lines=tuple(line for line in found.lines if line.now != line.then))


def _settled(found: Told) -> Told:
    """Without what stands now, with which it has nothing to do any more."""
    asked = tuple(replace(line, now="") for line in found.lines)
    return replace(found, now="", lines=asked, is_late=False)


def _rules(connection: Connection, body: Mapping[str, Any]) -> dict[str, Any]:
    wanted = parse_ruleset(body["ruleset"])
    change = compare(_base(connection, body["base"], wanted), wanted)
    is_late = (rulesets.active_version(connection) or 0) != body["base"]
    return {"diff": change.diff[2:], "is_late": is_late}


def _base(connection: Connection, version: int, wanted: Ruleset) -> Ruleset:
    try:
        return revision_rules(connection, version)
    except Invalid:
        return Ruleset(default_department=wanted.default_department)


def _thresholds(connection: Connection, body: Mapping[str, Any]) -> dict[str, Any]:
    standing = {label.name: label.level for label in taxonomy.labels(connection)}
    lines = [
        line
        for name, level in body["labels"].items()
        for line in _levels(name, standing.get(name), level)
    ]
    return {"lines": tuple(lines)}


def _label(connection: Connection, body: Mapping[str, Any]) -> dict[str, Any]:
    name = body["label"]
    label = next((each for each in taxonomy.labels(connection) if each.name == name), None)
    lines = [
        Line(label="", what=what, now=getattr(label, key, ""), then=body[key])
        for key, what in (("description", N_("description")), ("guidelines", N_("guidelines")))
        if body.get(key) is not None
    ]
    if body.get("level"):
        lines += _levels("", label.level if label else None, body["level"])
    if body.get("examples"):
        count = str(len(body["examples"]))
        lines.append(Line(label="", what=N_("more examples"), now="", then=count))
    return {"lines": tuple(lines)}


def _levels(name: str, standing: LabelLevel | None, wanted: Mapping[str, Any]) -> list[Line]:
    """A line for each of the three; a body leaves out what it did not say."""
    after = Level.model_validate(wanted)
    return [
        Line(
            label=name,
            what=what,
            now=_score(getattr(standing, key)) if standing else "",
            then=_score(getattr(after, key)),
        )
        for key, what in _LEVEL_WORDS
    ]


def _score(value: object) -> str | None:
    return None if value is None else str(value)


def _model(connection: Connection, _body: Mapping[str, Any]) -> dict[str, Any]:
    active = model_versions.active(connection)
    return {"now": "" if active is None else active.version}
