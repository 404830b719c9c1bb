"""Why a ticket went where it went, as lines for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.text import Text

from cli.output import printable

_PHRASES_SHOWN = 4
_PHRASE_CHARS = 70
_PLACES = {"predicted": "✓", "preselected": "☑", "suggested": "?", "near_miss": " "}
_STATES = {
    "asked": "A worker has still to look at the text: ask again in a moment.",
    "none": "Nothing scored it, so no phrase carried anything.",
}


def why_card(why: Mapping[str, Any]) -> Group:
    """The object of `router.why.why_object` as lines."""
    return Group(
        *_decision(why),
        *_section("What carried its labels", _labels(why["explanation"])),
        *_section("What the rules found", (Text(f"  {r['words']}") for r in why["rules"])),
        *_section("What would have changed it", _changes(why)),
        *_section("Corrected tickets like it", _nearest(why)),
        *_section("What speaks for whom", _parts(why)),
    )


def _decision(why: Mapping[str, Any]) -> Iterator[Text]:
    decision = why["decision"]
    departments = " + ".join([decision["primary_department"], *decision["collaborators"]])
    yield Text.assemble(("→ ", "dim"), (departments, "bold green"), f"  {decision['words']}")
    yield Text(f"scored by {decision['scored_by']}, rules {decision['ruleset_version']}", "dim")


def _section(title: str, lines: Iterator[Text]) -> Iterator[Text]:
    """The lines under their title; nothing where there is none."""
    shown = list(lines)
    if shown:
        yield from (Text(), Text(title, "bold"), *shown)


def _labels(explanation: Mapping[str, Any]) -> Iterator[Text]:
    if explanation["state"] in _STATES:
        yield Text(f"  {_STATES[explanation['state']]}", "dim")
    if explanation["error"]:
        yield Text(f"  It could not be told: {explanation['error']}", "yellow")
    for label in explanation["labels"]:
        score = 0.0 if label["score"] is None else label["score"]
        mark = _PLACES[label["place"]]
        told = f"  {mark} {label['label']}  {score:.2f} (counts from {label['threshold']:.2f})"
        yield Text(told, "cyan")
        for phrase in label["phrases"][:_PHRASES_SHOWN]:
            yield _phrase(phrase)


def _phrase(phrase: Mapping[str, Any]) -> Text:
    style = "green" if phrase["weight"] > 0 else "red"
    without = phrase["score_without"]
    tail = "" if without is None else f"  ({without:.2f} without)"
    weight = (f"      {phrase['weight']:+.2f}  ", style)
    return Text.assemble(weight, printable(phrase["text"], _PHRASE_CHARS), (tail, "dim"))


def _changes(why: Mapping[str, Any]) -> Iterator[Text]:
    return (Text(f"  {change['words']}") for change in why["would_change"])


def _nearest(why: Mapping[str, Any]) -> Iterator[Text]:
    for near in why["nearest"]:
        said = ", ".join(near["labels"] or []) or near["department"] or "right"
        subject = printable(near["subject"], 50) or "(no subject)"
        name = printable(near["external_id"], 40)
        yield Text(f"  {near['similarity']:.2f}  {name}  {subject}: {said}, by {near['agent']}")


def _parts(why: Mapping[str, Any]) -> Iterator[Text]:
    for part in why["split"]:
        yield Text(f"  {part['department']}: {', '.join(part['labels']) or 'no label'}", "cyan")
        for phrase in part["phrases"]:
            yield Text(f"      {printable(phrase['text'], _PHRASE_CHARS)}")
