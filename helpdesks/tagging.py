"""Decisions as tags that admins can use in their triggers, and tags as labels again.

As Zendesk's own triage does: `route__billing`, `label__late_delivery`, `confidence__high`.
"""

import re
from collections.abc import Collection, Iterable, Mapping

LABEL, ROUTE, CONFIDENCE = "label__", "route__", "confidence__"
_OURS = (LABEL, ROUTE, CONFIDENCE)
_HIGH, _MEDIUM = 0.85, 0.6
_NOT_IN_TAGS = re.compile(r"[^\w]+")


def slug(name: str) -> str:
    """A name as every helpdesk takes it in a tag: lower case, words joined by underscores."""
    return _NOT_IN_TAGS.sub("_", name.lower()).strip("_")


def tags_of(department: str, labels: Collection[str], scores: Mapping[str, float]) -> set[str]:
    """The tags that a decision is.

    Confidence is that of the label that is least sure: high from 0.85, medium from 0.6 (our
    choice: near the thresholds that levels start with); low without a label.
    """
    least = min((scores.get(label, 0.0) for label in labels), default=0.0)
    word = "high" if least >= _HIGH else "medium" if least >= _MEDIUM else "low"
    named = {f"{LABEL}{slug(label)}" for label in labels}
    return {f"{ROUTE}{slug(department)}", f"{CONFIDENCE}{word}", *named}


def ours(tags: Iterable[str]) -> set[str]:
    """Those that say a decision."""
    return {tag for tag in tags if tag.startswith(_OURS)}


def label_tags(tags: Iterable[str]) -> set[str]:
    """Those that say a label."""
    return {tag for tag in tags if tag.startswith(LABEL)}


def labels_of(tags: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The labels that tags say; those of none that is known are left out."""
    by_tag = {f"{LABEL}{slug(name)}": name for name in known}
    return tuple(sorted(by_tag[tag] for tag in label_tags(tags) if tag in by_tag))
