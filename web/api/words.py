"""Text in requests, as it is stored: without what PostgreSQL and logs cannot hold."""

from typing import Annotated

from pydantic import AfterValidator, Field

from core.text import clean_text


def _cleaned(raw: str) -> str:
    return clean_text(raw).text


def _said(raw: str) -> str:
    cleaned = _cleaned(raw)
    if not cleaned:
        raise ValueError("holds nothing but control characters")
    return cleaned


CLEANED = AfterValidator(_cleaned)
"""For text that may be empty."""
SAID = AfterValidator(_said)
"""For text that may not: neither as it comes nor once it is cleaned."""
Word = Annotated[str, Field(min_length=1, max_length=200), SAID]
"""A name, or whatever else is told in few words."""
