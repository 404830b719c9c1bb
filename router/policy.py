"""What each label may do by itself: its thresholds and its level as one value with one version.

A decision names the version, and the document behind it gives the same policy again, so that what
was decided under older levels can be decided again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from classifier.content_id import object_id
from core.types import Automation, LabelLevel
from router.facts import field_key, language_keys

MOST_SUGGESTED = 3
_HELD = frozenset({Automation.SHADOW, Automation.SUGGEST, Automation.PRESELECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPolicy:
    """One label: 0 <= `preselect_from` <= `auto_from` <= 1."""

    automation: Automation
    preselect_from: float
    auto_from: float

    @property
    def is_plain(self) -> bool:
        """Whether a threshold says it all: the label steers from there."""
        return self.automation is Automation.AUTO and self.preselect_from == self.auto_from


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All labels of a scorer; what follows from them is worked out once.

    Attributes:
        by_label: one entry a label.
        languages: that the scorer is fit for, as `router.facts.field_key` folds them; none for
            every one.
    """

    by_label: Mapping[str, LabelPolicy]
    languages: frozenset[str] = frozenset()

    @cached_property
    def version(self) -> str:
        """Content id: equal for equal numbers, levels and languages.

        That of the thresholds alone where no label has a level or a score of its own and no
        language is told.
        """
        return object_id(policy_object(self))

    @cached_property
    def auto_from(self) -> Mapping[str, float]:
        """The score from which each label counts, whether its level lets it or not."""
        return {label: own.auto_from for label, own in self.by_label.items()}

    @cached_property
    def off(self) -> frozenset[str]:
        """Labels that decisions do not know."""
        return frozenset(x for x, own in self.by_label.items() if own.automation is Automation.OFF)

    @cached_property
    def held(self) -> Mapping[str, float]:
        """Of the labels that are known and may not steer, the score from which they would."""
        return {x: own.auto_from for x, own in self.by_label.items() if own.automation in _HELD}

    @cached_property
    def _ticked_from(self) -> Mapping[str, float]:
        ticked = (Automation.PRESELECT, Automation.AUTO)
        return {
            label: own.preselect_from
            for label, own in self.by_label.items()
            if own.automation in ticked and not own.is_plain
        }

    @cached_property
    def _suggested_from(self) -> Mapping[str, float]:
        return {
            label: own.preselect_from
            for label, own in self.by_label.items()
            if own.automation is Automation.SUGGEST
        }

    @cached_property
    def _shadowed_from(self) -> Mapping[str, float]:
        return {
            label: own.preselect_from
            for label, own in self.by_label.items()
            if own.automation is Automation.SHADOW
        }

    @cached_property
    def _unseen(self) -> frozenset[str]:
        return self.off.union(self.held)

    @cached_property
    def _offers_nothing(self) -> bool:
        return not (self._ticked_from or self._suggested_from)

    def known(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        """The scores without those of labels on level off."""
        return _without(self.off, scores)

    def seen_by_rules(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        """The scores of labels that may steer; to rules the others are unknown labels."""
        return _without(self._unseen, scores)

    def understands(self, language: str | None) -> bool:
        """Whether scores say anything for a ticket in this language; an untold one is trusted.

        A language covers its variants, as in rules.
        """
        if not self.languages or not language:
            return True
        return any(tag in self.languages for _, tag in language_keys(language))

    def holds_back(self, scores: Mapping[str, float]) -> bool:
        """Whether a label would have counted if its level let it."""
        return bool(_reached(scores, self.held))

    def offered(self, scores: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Labels that are ticked and do not count, and at most three that are only suggested.

        Each with the highest score first.
        """
        if self._offers_nothing:
            return (), ()
        ticked = _reached(scores, self._ticked_from)
        preselected = tuple(x for x in ticked if x in self.held or scores[x] < self.auto_from[x])
        return preselected, _reached(scores, self._suggested_from)[:MOST_SUGGESTED]

    def hidden(self, scores: Mapping[str, float]) -> tuple[str, ...]:
        """Labels that agents would have found on a ticket, or may have, if levels let them.

        Those on level off, of which no score says anything; those on level shadow at or over the
        score from which they would be ticked; and what was left of the suggestions.
        """
        unsaid = _reached(scores, self._suggested_from)[MOST_SUGGESTED:]
        return (*sorted(self.off), *_reached(scores, self._shadowed_from), *unsaid)


def make_policy(
    thresholds: Mapping[str, float],
    levels: Mapping[str, LabelLevel] | None = None,
    languages: Iterable[str] = (),
) -> Policy:
    """The policy of a scorer's labels.

    A score that a person set wins over the scorer's threshold, also where the threshold would put
    automation below preselection: then it stands for both.

    Args:
        thresholds: the scorer's own, in [0, 1], one for each of its labels.
        levels: what persons set; labels that are missing are on level auto, labels that the
            scorer does not know are left out.
        languages: that the scorer is fit for; none for every one.
    """
    levels = levels or {}
    return Policy(
        by_label={
            label: _label_policy(threshold, levels.get(label, LabelLevel()))
            for label, threshold in thresholds.items()
        },
        languages=frozenset(field_key("language", language)[1] for language in languages),
    )


def relevelled(policy: Policy, levels: Mapping[str, LabelLevel]) -> Policy:
    """The policy with other levels for some of its labels; what a level leaves open stays."""
    return replace(
        policy,
        by_label={
            label: _label_policy(own.auto_from, levels[label]) if label in levels else own
            for label, own in policy.by_label.items()
        },
    )


def policy_object(policy: Policy) -> dict[str, Any]:
    """JSON-ready: a label's threshold, or an object with its level where a number is not all.

    Where languages are told, that is under `labels`, with a list under `languages`.
    """
    labels = _labels_object(policy)
    if not policy.languages:
        return labels
    return {"labels": labels, "languages": sorted(policy.languages)}


def _labels_object(policy: Policy) -> dict[str, Any]:
    return {
        label: own.auto_from
        if own.is_plain
        else {
            "automation": own.automation.value,
            "preselect_from": own.preselect_from,
            "auto_from": own.auto_from,
        }
        for label, own in policy.by_label.items()
    }


def parse_policy(document: Mapping[str, Any]) -> Policy:
    """Reads what `policy_object` gave, to decide again as it was decided."""
    languages = document.get("languages")
    if not isinstance(languages, list):  # else it may be a label of that name
        return Policy(by_label=_parsed_labels(document))
    return Policy(by_label=_parsed_labels(document["labels"]), languages=frozenset(languages))


def _parsed_labels(document: Mapping[str, Any]) -> dict[str, LabelPolicy]:
    return {label: _parsed(value) for label, value in document.items()}


def _parsed(value: Any) -> LabelPolicy:
    if not isinstance(value, Mapping):
        return LabelPolicy(automation=Automation.AUTO, preselect_from=value, auto_from=value)
    return LabelPolicy(**{**value, "automation": Automation(value["automation"])})


def _label_policy(threshold: float, level: LabelLevel) -> LabelPolicy:
    preselect, auto = level.preselect_from, level.auto_from
    if preselect is None:
        preselect = threshold if auto is None else min(threshold, auto)
    if auto is None:
        auto = max(threshold, preselect)
    return LabelPolicy(automation=level.automation, preselect_from=preselect, auto_from=auto)


def _without(labels: frozenset[str], scores: Mapping[str, float]) -> Mapping[str, float]:
    if not labels:
        return scores
    return {label: score for label, score in scores.items() if label not in labels}


def _reached(scores: Mapping[str, float], cuts: Mapping[str, float]) -> tuple[str, ...]:
    """Labels of `cuts` at or over their cut, highest score first, equal scores by name."""
    over = [
        (-scores[label], label)
        for label, cut in cuts.items()
        if label in scores and scores[label] >= cut
    ]
    return tuple(label for _, label in sorted(over))
