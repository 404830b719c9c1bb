"""Everything known about one ticket, for people: above all why it went where it went."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.text import Text

from cli.output import printable
from router.explain import rung_words, why

_WIDTH = 100
_BODY_LINES = 12
_SCORES_SHOWN = 8
_BAR_CHARS = 20
_PLACES = {"labels": "✓", "preselected": "☑", "suggested": "?"}


def ticket_card(record: Mapping[str, Any]) -> Group:
    """The record of `store.decided.records.ticket_record` as lines for a terminal."""
    content, decision = record["ticket"], record["decision"]
    return Group(
        Text(printable(content["subject"], _WIDTH) or "(no subject)", "bold"),
        *_facts(record, content),
        *_body(content["body"]),
        Text(),
        *(_decision(decision) if decision else [Text(f"Not decided yet: {record['state']}.")]),
        *_history(record),
    )


def _facts(record: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[Text]:
    names = ("channel", "language", "customer", "priority")
    said = [f"{name} {printable(content[name], 60)}" for name in names if content[name]]
    yield Text(
        f"{record['source']} / {printable(record['external_id'], 60)}  revision "
        f"{record['revision']}  {record['state']}  {record['id']}",
        "dim",
    )
    if said:
        yield Text(", ".join(said), "dim")
    if record["error"]:
        yield Text(f"Error: {printable(record['error'], _WIDTH)}", "red")


def _body(body: str) -> Iterator[Text]:
    lines = [printable(line, _WIDTH) for line in body.splitlines() if line.strip()]
    for line in lines[:_BODY_LINES]:
        yield Text(f"  {line}")
    if len(lines) > _BODY_LINES:
        yield Text(f"  … {len(lines) - _BODY_LINES} more lines", "dim")


def _decision(decision: Mapping[str, Any]) -> Iterator[Text]:
    yield _went(decision)
    yield Text(
        f"scored by {rung_words(decision['rung'])}, model {decision['model_version'] or 'none'}, "
        f"rules {decision['ruleset_version']}, {decision['decided_at']}",
        "dim",
    )
    yield from _scores(decision)
    yield from _trace(decision)


def routing_card(routing: Mapping[str, Any]) -> Group:
    """A decision that was only tried, with its trace, as lines for a terminal."""
    return Group(_went(routing), *_trace(routing))


def _went(decision: Mapping[str, Any]) -> Text:
    departments = " + ".join([decision["primary_department"], *decision["collaborators"]])
    return Text.assemble(
        ("→ ", "dim"), (departments, "bold green"), f"  {why(decision['reason'], decision['rule'])}"
    )


def _trace(decision: Mapping[str, Any]) -> Iterator[Text]:
    for rule in decision["trace"]:
        yield from _rule(rule)


def _scores(decision: Mapping[str, Any]) -> Iterator[Text]:
    ranked = sorted(decision["scores"].items(), key=lambda item: (-item[1], item[0]))
    width = max((len(label) for label, _ in ranked[:_SCORES_SHOWN]), default=0)
    for label, score in ranked[:_SCORES_SHOWN]:
        mark = next((mark for place, mark in _PLACES.items() if label in decision[place]), " ")
        bar = "█" * round(score * _BAR_CHARS)
        style = "dim" if mark == " " else "cyan"
        yield Text(f"  {mark} {label:<{width}}  {score:.2f}  {bar}", style)


def _rule(rule: Mapping[str, Any]) -> Iterator[Text]:
    yield Text.assemble(
        _mark(rule["held"]), f" rule {rule['rule']} (order {rule['order']})  ", rule["effect"]
    )
    for condition in rule["conditions"]:
        yield from _condition(condition, depth=1)


def _condition(record: Mapping[str, Any], *, depth: int) -> Iterator[Text]:
    indent = "    " * depth
    if "condition" in record:
        value = "" if record["value"] is None else f"  ({_value(record['value'])})"
        yield Text.assemble(indent, _mark(record["held"]), f" {record['condition']}{value}")
        return
    kind = next(name for name in record if name != "held")
    yield Text.assemble(indent, _mark(record["held"]), f" {kind} of")
    for inner in record[kind]:
        yield from _condition(inner, depth=depth + 1)


def _value(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else printable(str(value), 60)


def _mark(held: bool) -> tuple[str, str]:
    return ("✓", "green") if held else ("✗", "red")


def _review(item: Mapping[str, Any]) -> str:
    reasons = ", ".join(item["reasons"])
    if item["outcome"] is None:
        return f"review: item {item['id']} waits for a person: {reasons}"
    by = f" by {item['resolved_by']}" if item["resolved_by"] else ""
    return f"review: {item['outcome']}{by}: {reasons}"


def _history(record: Mapping[str, Any]) -> Iterator[Text]:
    for old in record["superseded_decisions"]:
        scored = f"{rung_words(old['rung'])}, {old['decided_at']}"
        yield Text(f"before: {old['primary_department']} by {scored}", "dim")
    for item in record["reviews"]:
        yield Text(_review(item), "dim")
    for event in record["events"]:
        yield Text(f"event: {event['event']}, {event['created_at']}", "dim")
