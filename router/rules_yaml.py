"""Rulesets as YAML files: written in one fixed form, read with line numbers in every refusal.

Files are read from the parser's events and not by a PyYAML loader, because those follow tags,
expand aliases, take the last of two equal keys, read `no` as false and `18:00` as 1080, and the
one written in C crashes the process on a hundred thousand open brackets.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from core.errors import Invalid
from router.parse import parse_ruleset
from router.ruleset import Ruleset, ruleset_object

MAX_BYTES = 8 * 1024 * 1024
# Groups at their deepest nest 22 levels; libyaml takes quadratic time on open brackets.
MAX_NESTING = 40
MAX_NODES = 1_000_000

# Whatever matches here PyYAML puts in quotes when it writes it as a string.
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[-+]?\d+\.\d*([eE][-+]\d+)?", re.ASCII)


def dump_rules(ruleset: Ruleset) -> str:
    """The ruleset as YAML text: the same for equal rulesets, defaults left out."""
    return yaml.dump(
        ruleset_object(ruleset),
        Dumper=yaml.CSafeDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=100,
    )


def load_rules(text: str | bytes) -> Ruleset:
    """Reads what `dump_rules` or a person wrote; only plain YAML without aliases and tags.

    Args:
        text: the file's content, UTF-8, at most `MAX_BYTES` bytes.

    Raises:
        Invalid: the line, the field, what is wrong with it and what to do.
    """
    reader = _Reader(_decoded(text))
    raw = reader.read()
    try:
        return parse_ruleset(raw)
    except Invalid as error:
        place = f"line {reader.line_of(error.field)}: {error.field}"
        raise Invalid(place, error.problem, error.fix) from error


def _decoded(text: str | bytes) -> str:
    try:
        encoded = text.encode() if isinstance(text, str) else text
        decoded = encoded.decode("utf-8-sig")
    except UnicodeError as error:
        raise Invalid("file", "is not UTF-8", "save it as UTF-8") from error
    if len(encoded) > MAX_BYTES:
        raise Invalid("file", f"has {len(encoded)} bytes", f"keep it under {MAX_BYTES} bytes")
    return decoded


class _Reader:
    """Turns one YAML document into JSON values and remembers the line of each."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._lines: dict[str, int] = {}

    def read(self) -> object:
        try:
            return self._document()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or "holds a character that YAML forbids"
            place = f"line {mark.line + 1}" if mark else "file"
            raise Invalid(place, problem, "correct the YAML") from error

    def line_of(self, field: str) -> int:
        """The line, from 1, of a field or else of the innermost thing around it."""
        while field not in self._lines and field:
            field = field.rpartition(".")[0]
        return self._lines.get(field, 1)

    def _document(self) -> object:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise Invalid("file", "is empty", "give default_department and rules")
        value = self._node(next(self._events), "", 0)
        next(self._events)
        if not isinstance(event := next(self._events), yaml.StreamEndEvent):
            _refuse(event, "starts a second document", "keep one ruleset in a file")
        return value

    def _node(self, event: Any, path: str, depth: int) -> object:
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            _refuse(event, "is an anchor or alias", "write the value out")
        if event.tag:
            _refuse(event, "has a tag", "remove the part with the exclamation mark")
        if depth > MAX_NESTING:
            _refuse(event, "is nested too deeply", f"use at most {MAX_NESTING} levels")
        if len(self._lines) >= MAX_NODES:
            _refuse(event, f"is after {MAX_NODES} values", "make the ruleset smaller")
        self._lines[path] = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return _plain(event.value) if event.implicit[0] else event.value
        inside = self._items if isinstance(event, yaml.SequenceStartEvent) else self._fields
        return inside(f"{path}." if path else "", depth + 1)

    def _items(self, prefix: str, depth: int) -> object:
        items: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, f"{prefix}{len(items)}", depth))
        return items

    def _fields(self, prefix: str, depth: int) -> object:
        fields: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                _refuse(event, "is a key that is not a string", "use a field name as the key")
            if event.value in fields:
                _refuse(event, f"repeats {event.value[:100]}", "keep one of the two")
            path = f"{prefix}{event.value}"
            fields[event.value] = self._node(next(self._events), path, depth)
        return fields


def _plain(text: str) -> object:
    """The JSON value of a scalar without quotes: YAML 1.2 where 1.1 surprises."""
    if text.lower() in _CONSTANTS:
        return _CONSTANTS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _refuse(event: Any, problem: str, fix: str) -> NoReturn:
    raise Invalid(f"line {event.start_mark.line + 1}", problem, fix)
