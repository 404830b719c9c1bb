"""What is fuzzed: every door through which bytes of strangers come, and what it promises of any.

Each target takes any bytes. It reads them, or raises `Invalid`, which counts as an answer; anything
else is a finding. Hypothesis drives them in the unit tests, atheris for longer by `make fuzz`.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from core.errors import Invalid
from core.history.files import read_export
from core.history.formats import read_row
from core.history.mapping import AS_IT_IS, found
from core.text import clean_text, model_text
from core.ticket_json import loads, parse_ticket, ticket_object
from core.types import HistoryFormat
from helpdesks.expressions import Evaluator
from helpdesks.kinds import KINDS
from helpdesks.mapping import decoded
from helpdesks.seen import Seen
from router.parse import parse_ruleset
from router.rules_yaml import load_rules
from tests.factories.rulesets import MONDAY_NOON, route
from tests.factories.values import a_ticket
from web.api.cursors import cursor_of, cursor_of_number, id_of, number_of

Target = Callable[[bytes], None]
_ENDS_OF_TIME = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
CORPUS = Path(__file__).parent / "corpus"
_MOST_FOUND_CHARS = 10_000_000
_SHARED_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


def _text(data: bytes) -> str:
    """Any text that Python can hold, lone surrogates among it."""
    return data.decode("utf-8", errors="surrogateescape")


def a_text(data: bytes) -> None:
    """Cleaned text can be stored and does not change when cleaned again; a model can read it."""
    cleaned = clean_text(_text(data)).text
    cleaned.encode()
    assert "\x00" not in cleaned
    assert clean_text(cleaned).text == cleaned
    model_text(cleaned, cleaned)


def a_ticket_line(data: bytes) -> None:
    """A ticket that was read is the same after it was written and read again."""
    ticket = parse_ticket(loads(data))
    assert parse_ticket(json.loads(json.dumps(ticket_object(ticket)))) == ticket


def a_condition(data: bytes) -> None:
    """A condition that was read can be decided by, and its trace can be stored."""
    rule = {"id": "a", "order": 1, "when": loads(data), "then": {"primary": "billing"}}
    ruleset = parse_ruleset({"default_department": "desk", "rules": [rule]})
    for now in (MONDAY_NOON, *_ENDS_OF_TIME):
        routing = route(ruleset, a_ticket(), {"refund": 0.9, "delivery": 0.1}, now=now)
        assert routing.primary in ("billing", "desk")
        json.dumps(routing.trace, allow_nan=False).encode()


def a_rules_file(data: bytes) -> None:
    """A file of rules is read, or refused."""
    load_rules(_text(data))


def a_cursor(data: bytes) -> None:
    """A cursor that is taken stands for one place, whichever way it is written."""
    id_ = id_of(_text(data))
    assert id_of(cursor_of(id_)) == id_
    number = number_of(_text(data))
    assert number_of(cursor_of_number(number)) == number


def an_export(data: bytes) -> None:
    """Every row of an export becomes a ticket with labels, or is refused by its number."""
    with tempfile.NamedTemporaryFile(dir=_SHARED_MEMORY) as file:
        file.write(data)
        file.flush()
        format_, rows = read_export(Path(file.name))
        for number, row in enumerate(rows, start=1):
            assert (row.said is None) != (row.error is None)
            assert row.number >= number or format_ is not HistoryFormat.CSV
            if row.said is not None:
                _read(row.said, format_)


def a_row(data: bytes) -> None:
    """Any object is a row of any format, or none; a path in it leads somewhere or nowhere."""
    said = loads(data)
    for format_ in HistoryFormat:
        _read(said, format_)
    if isinstance(said, dict):
        for path in ("a.0.b", "a.id=1", ".", "=", "a.\u00b2", *map(str, list(said)[:3])):
            found(said, path)


def a_delivery(data: bytes) -> None:
    """What any helpdesk sends tells of a ticket that can be stored, or is refused."""
    payload = decoded(data)
    for kind in KINDS.values():
        with suppress(Invalid):
            told = kind.parse(payload, {}, kind.mapping, MONDAY_NOON)
            if isinstance(told, Seen):
                _storable(told)


def an_expression(data: bytes) -> None:
    """Whatever a mapping's expression finds in whatever payload, it is not large."""
    expression, _, payload = data.partition(b"\n")
    said = loads(payload)
    found = Evaluator(said).found("body", expression.decode(errors="replace"))
    assert len(json.dumps(found, default=str)) < _MOST_FOUND_CHARS


def _storable(told: Seen) -> None:
    assert told.at <= MONDAY_NOON
    said = [told.external_id, told.actor, told.agent, told.place.team, *(told.place.tags or ())]
    json.dumps(said, ensure_ascii=False).encode()
    if told.content is not None:
        assert parse_ticket(ticket_object(told.content)) == told.content
        json.dumps(ticket_object(told.content), allow_nan=False).encode()


def _read(said: object, format_: HistoryFormat) -> None:
    try:
        ticket = read_row(said, format_, AS_IT_IS)
    except Invalid:
        return
    assert ticket.labels is not None
    json.dumps(ticket_object(ticket), allow_nan=False).encode()


TARGETS: Mapping[str, Target] = {
    target.__name__: target
    for target in (
        *(a_text, a_ticket_line, a_condition, a_rules_file),
        *(a_cursor, an_export, a_row, a_delivery, an_expression),
    )
}


def holds(target: Target, data: bytes) -> bool:
    """Whether the bytes were read; False where they were refused as they should be."""
    try:
        target(data)
    except Invalid:
        return False
    return True
