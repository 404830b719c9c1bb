"""What is taken out of a ticket before it is stored, for whoever wants less kept than was sent.

Subject, body and the texts in `metadata` are redacted. `id` and `customer` stay as they are: they
name the ticket and whose it is, and by them it is found again to be erased.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.errors import Invalid
from core.personal_patterns import redact_text
from core.settings import Settings
from core.ticket_json import MAX_BODY_CHARS, MAX_SUBJECT_CHARS
from core.types import Ticket

Find = Callable[[str], str]
# Under this Presidio guesses by form alone: any nine digits are a passport, at .05.
_LEAST_SCORE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """Takes personal data out of tickets.

    Attributes:
        find: gives a text with a mark in place of each find; None takes nothing out.
    """

    find: Find | None = None

    def ticket(self, ticket: Ticket) -> Ticket:
        """The ticket as it may be stored; a mark may be longer than what it hides."""
        if self.find is None:
            return ticket
        return replace(
            ticket,
            subject=self.find(ticket.subject)[:MAX_SUBJECT_CHARS],
            body=self.find(ticket.body)[:MAX_BODY_CHARS],
            metadata=_inside(dict(ticket.metadata), self.find),
        )

    def text(self, said: str) -> str:
        """Any other text as it may be stored."""
        return said if self.find is None else self.find(said)


AS_GIVEN = Redactor()
"""Takes nothing out."""


def redactor(settings: Settings) -> Redactor:
    """What the settings ask for.

    Raises:
        Invalid: `presidio` is wanted and not installed.
    """
    if settings.redaction == "off":
        return AS_GIVEN
    if settings.redaction == "presidio":
        return Redactor(find=_presidio(settings.redaction_language))
    regions = settings.phone_regions
    return Redactor(find=lambda said: redact_text(said, regions))


def _inside(value: Any, find: Find) -> Any:
    """Every text inside; the names of fields stay."""
    if isinstance(value, str):
        return find(value)
    if isinstance(value, list):
        return [_inside(item, find) for item in value]
    if isinstance(value, dict):
        return {name: _inside(item, find) for name, item in value.items()}
    return value


def _presidio(language: str) -> Find:
    """Presidio's analyzer as it comes, which knows names and places too."""
    try:
        from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415  (an extra, and heavy)
    except ImportError as error:
        fix = "install the extra `presidio` and a spaCy model, or use `patterns`"
        raise Invalid("POINTSMAN_REDACTION", "needs presidio-analyzer", fix) from error
    engine = AnalyzerEngine(supported_languages=[language])

    def find(said: str) -> str:
        spans = [
            (each.start, each.end, each.entity_type.lower(), each.score)
            for each in engine.analyze(text=said, language=language, score_threshold=_LEAST_SCORE)
        ]
        return marked(said, spans)

    return find


def marked(said: str, spans: list[tuple[int, int, str, float]]) -> str:
    """A text with marks over (start, end, kind, score); of those that overlap the surest stays."""
    kept: list[tuple[int, int, str]] = []
    for start, end, kind, _ in sorted(spans, key=lambda span: (-span[3], span[0], -span[1])):
        if all(end <= first or start >= last for first, last, _ in kept):
            kept.append((start, end, kind))
    for start, end, kind in sorted(kept, reverse=True):
        said = f"{said[:start]}[{kind}]{said[end:]}"
    return said
