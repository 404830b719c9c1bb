"""A text cut into phrases that an explanation can leave out, each as a place in the text.

Phrases follow the sender's own pauses. What the sender did not write for this ticket (a signature,
a quoted reply) is never among them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Chinese, Japanese and Korean have no spaces between words; a very long run is hardly one word.
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]|[^\s{_CJK}]{{1,40}}")
_PAUSE = re.compile(r"[.,;:!?)\]\u2026\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]$")
# RFC 3676, 4.3: a signature follows a line of two hyphens and a blank, which mark-up may lose.
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
# What mail programs put before the mail that is answered, which runs to the end.
_QUOTED_REST = re.compile(
    r"^(?:-{3,} ?(?:original message|ursprüngliche nachricht|forwarded message)\b.*"
    r"|on .{4,120} wrote:|am .{4,120} schrieb .{1,120}:|le .{4,120} a écrit ?:)$",
    re.MULTILINE | re.IGNORECASE,
)
HEAD_WORDS, TAIL_WORDS = 300, 100
"""Of a longer text only phrases of its head and tail are looked at, as the network reads them."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """Characters from `start` up to but not at `end`; 0 <= start < end."""

    start: int
    end: int


def phrases(text: str, most: int) -> list[Span]:
    """Phrases that do not overlap, in the order of the text, at most `most` (1 or more).

    They are as short as that allows, three words or more, and end at pauses where there are some.
    Where quotations break the text into more pieces than that, the first are given.
    """
    words = _words(text)
    longest = 3
    while len(cut := list(_cut(text, words, longest))) > most and longest <= 2 * len(words):
        longest = max(longest + 1, longest * len(cut) // (2 * most))
    return cut[:most]


def set_aside(text: str) -> list[Span]:
    """Signatures and quoted replies, in the order of the text; they may overlap."""
    found = [Span(start=m.start(), end=m.end()) for m in _QUOTED_LINE.finditer(text)]
    for pattern in (_SIGNATURE, _QUOTED_REST):
        if (first := pattern.search(text)) and first.start() < len(text):
            found.append(Span(start=first.start(), end=len(text)))
    return sorted(found)


def without(text: str, left_out: Iterable[Span]) -> str:
    """The text without some spans."""
    return _replaced(text, left_out, "")


def _replaced(text: str, spans: Iterable[Span], blank: str) -> str:
    """The text with each character of the spans as `blank`."""
    kept, place = [], 0
    for span in sorted(spans):
        kept.append(text[place : max(place, span.start)])
        kept.append(blank * max(0, span.end - max(place, span.start)))
        place = max(place, span.end)
    return "".join([*kept, text[place:]])


def _words(text: str) -> list[Span]:
    """The words to look at, without those that are set aside."""
    seen = _replaced(text, set_aside(text), " ")
    found = [Span(start=m.start(), end=m.end()) for m in _WORD.finditer(seen)]
    if len(found) <= HEAD_WORDS + TAIL_WORDS:
        return found
    return found[:HEAD_WORDS] + found[-TAIL_WORDS:]


def _cut(text: str, words: Sequence[Span], longest: int) -> Iterator[Span]:
    """Spans of at most `longest` words; a pause ends one that has half of that."""
    first = 0
    for place, word in enumerate(words):
        count = place - first + 1
        following = words[place + 1] if place + 1 < len(words) else None
        between = "\n" if following is None else text[word.end : following.start]
        pauses = bool(_PAUSE.search(text[word.start : word.end])) or "\n" in between
        broken = following is None or bool(between.strip())
        if count >= longest or broken or (pauses and count * 2 >= longest):
            yield Span(start=words[first].start, end=word.end)
            first = place + 1
