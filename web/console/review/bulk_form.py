"""The fields of the bulk review page: each carries the key of the row that it belongs to."""

import re
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form
from pydantic import AfterValidator, Field

from core.text import clean_text
from web.api.review.schemas import MOST
from web.console.review.rows import Said

_MOST_TICKS = 1_000
MOST_FIELDS = 2 * _MOST_TICKS
"""Ticks, and for each of 100 rows its item, its department and whether it is skipped."""
_PAIR = re.compile(r"[0-9a-f-]{1,36}:.{0,200}", re.DOTALL)
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_Key = Annotated[str, Field(pattern="^[0-9a-f-]{1,36}$")]


def _pair(raw: str) -> str:
    word = clean_text(raw).text
    if not _PAIR.fullmatch(word):
        raise ValueError("is not a row's key, a colon and a name")
    return word


_Pair = Annotated[str, Field(max_length=240), AfterValidator(_pair)]
_Pairs = Annotated[list[_Pair], Field(max_length=_MOST_TICKS), Form()]
_Item = Annotated[int, Field(ge=1, le=(1 << 63) - 1)]
_GivenBack = Annotated[str, Field(pattern=f"^[0-9a-f-]{{1,36}}:{_UUID}:{_UUID}$")]

Items = Annotated[list[_Item], Field(max_length=MOST), Form()]
Tickets = Annotated[list[UUID], Field(max_length=MOST), Form()]
Given = Annotated[list[_GivenBack], Field(max_length=MOST), Form()]
"""A row's key, its ticket and the feedback that was given on it."""


def _said(
    labels: _Pairs | None = None,
    departments: _Pairs | None = None,
    skipped: Annotated[list[_Key], Field(max_length=MOST), Form()] | None = None,
) -> Said:
    by_key: dict[str, list[str]] = {}
    for key, name in _split(labels):
        by_key.setdefault(key, []).append(name)
    return Said(
        labels=by_key, departments=dict(_split(departments)), skipped=frozenset(skipped or ())
    )


SaidForm = Annotated[Said, Depends(_said)]


def given_by_key(given: Sequence[str]) -> dict[str, tuple[UUID, UUID]]:
    """Tickets and what was said of them, by the keys of their rows."""
    parts = (each.split(":") for each in given)
    return {key: (UUID(ticket), UUID(feedback)) for key, ticket, feedback in parts}


def _split(pairs: Sequence[str] | None) -> list[tuple[str, str]]:
    told = (pair.split(":", 1) for pair in pairs or ())
    return [(key, name) for key, name in told if name]
