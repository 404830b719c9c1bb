"""What the rules page keeps between its requests: a draft, and the revision that it was made on.

It lives in the page's form and in the tab's own storage, never on the server, so that a draft is
nobody else's and is gone with the tab.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from core.errors import Invalid
from core.text import clean_text
from router.parse import parse_ruleset
from router.rules_yaml import MAX_BYTES
from router.ruleset import Ruleset, ruleset_object
from store.figures.rule_hits import Hits

_MOST_FIELDS = 20_000
_MOST_NOTE = 1_000  # characters, as of a note over HTTP
_LARGEST = (1 << 63) - 1


class Counted(BaseModel):
    """Hits of the last 30 days' `decisions`; `rules` has how often each held and won."""

    model_config = ConfigDict(frozen=True)

    decisions: int = Field(ge=0)
    rules: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, hits: Hits) -> "Counted":
        """As they were read."""
        rules = {each.rule: (each.held, each.won) for each in hits.rules}
        return cls(decisions=hits.decisions, rules=rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A form as it came: every value of each field, and the content of a file, if one was sent."""

    fields: Mapping[str, Sequence[str]]
    file: bytes = b""

    def one(self, name: str) -> str:
        """The value of a field that has one; empty where it was not given."""
        return next(iter(self.fields.get(name, ())), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A draft at work.

    Attributes:
        base: the revision that it was made on; 0 where none stood.
        draft: the ruleset as it is wanted.
        hits: of its rules; None where they were not counted yet.
        note: why, for the history.
        find: only rules with these words are shown.
        skip: so many of those are on pages before.
    """

    base: int
    draft: Ruleset
    hits: Counted | None = None
    note: str = ""
    find: str = ""
    skip: int = 0

    @property
    def text(self) -> str:
        """The draft as the form keeps it."""
        return json.dumps(ruleset_object(self.draft), ensure_ascii=False, separators=(",", ":"))


async def sent(request: Request) -> Sent:
    """The form of a request; a draft may be as large as a file of rules."""
    fields: dict[str, list[str]] = {}
    file = b""
    async with request.form(max_fields=_MOST_FIELDS, max_part_size=MAX_BYTES) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                file = await value.read()
            else:
                fields.setdefault(name, []).append(value)
    return Sent(fields=fields, file=file)


def bench_of(form: Sent) -> Bench:
    """The draft of a form.

    Raises:
        Invalid: it is not one of ours.
    """
    return Bench(
        base=number(form.one("base"), "base"),
        draft=read_draft(form.one("draft")),
        hits=_counted(form.one("hits")),
        note=clean_text(form.one("note")).text.strip()[:_MOST_NOTE],
        find=clean_text(form.one("find")).text.strip()[:200],
        skip=number(form.one("skip") or "0", "skip"),
    )


def number(text: str, field: str) -> int:
    """A number that a page sent.

    Raises:
        Invalid: it is none, or out of range.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= _LARGEST):
        raise Invalid(field, "is not a number", "load the page again")
    return int(text)


def read_draft(text: str) -> Ruleset:
    """A draft as a form keeps it.

    Raises:
        Invalid: it is no ruleset.
    """
    try:
        return parse_ruleset(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise Invalid("draft", "is not a ruleset", "load the page again") from error


def _counted(text: str) -> Counted | None:
    try:
        return Counted.model_validate_json(text)
    except ValidationError:
        return None
