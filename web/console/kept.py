"""Sentences that other processes keep in English, in the reader's language.

Trainers, workers and rules keep a sentence with what they did. It is known again by its form
(`web.console.forms`), however long ago it was written: the form's translation is told, with what
stood in the gaps. What has no form, as the message of a library, is told as it is, and so is
everything to who reads English.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from babel.support import NullTranslations

from web.console.forms import CONDITIONS, DRIFT, EFFECTS, FAILURES, GATE, RUNS, TRIALS
from web.console.numbers import number, percent
from web.console.words import ENGLISH

_SENTENCES = (*GATE, *RUNS, *TRIALS, *DRIFT, *FAILURES)
_GAP = re.compile(r"%\((\w+)\)s")
_FIGURE = r"[+-]?\d+(?:\.\d+)?%?"
_CLOCK = r"\d\d:\d\d"
_NAMES = frozenset(
    {"label", "version", "who", "what", "number", "department", "key", "zone"}
    | {"clock", "until", "start", "end"}
)
"""Gaps that hold what is nobody's words; all but these and the next hold a figure."""
_IN_TURN: Mapping[str, str] = {
    **dict.fromkeys(("stage", "left", "why", "count", "other"), ". "),
    "days": ", ",
    "parts": "; ",
}
"""Gaps that hold what has forms too, and what stands between several."""
_EITHER = " or "
_Forms = tuple[tuple[re.Pattern[str], str], ...]


def sentences(words: NullTranslations, language: str) -> Callable[[str], str]:
    """Tells what trainers and workers keep: one sentence, or several."""
    return _Teller(_SENTENCES, ". ", words, language)


def conditions(words: NullTranslations, language: str) -> Callable[[str], str]:
    """Tells a condition as `router.conditions.describe` writes it."""
    return _Teller(CONDITIONS, None, words, language)


def effects(words: NullTranslations, language: str) -> Callable[[str], str]:
    """Tells what a rule did, as a trace keeps it."""
    return _Teller(EFFECTS, ", ", words, language)


class _Teller:
    """Tells what has one of some forms; `between` stands between several, None where one is all."""

    def __init__(
        self, forms: Sequence[str], between: str | None, words: NullTranslations, language: str
    ) -> None:
        self._forms = _compiled(tuple(forms))
        self._between = between
        self._words = words
        self._language = language

    def __call__(self, text: str) -> str:
        return text if self._language == ENGLISH else self._several(text, self._between)

    def _several(self, text: str, between: str | None) -> str:
        if between is None:
            return self._one(text)
        return between.join(map(self._one, text.split(between)))

    def _one(self, text: str) -> str:
        bare = text.removesuffix(".")
        found = ((pattern.fullmatch(bare), form) for pattern, form in self._forms)
        match, form = next((each for each in found if each[0]), (None, ""))
        if match is None:
            return text
        gaps = {name: self._filled(name, of) for name, of in match.groupdict().items()}
        said = self._words.gettext(form).removesuffix(".") % gaps + text[len(bare) :]
        return said[:1].upper() + said[1:] if text[:1].isupper() else said

    def _filled(self, name: str, of: str) -> str:
        if name in _IN_TURN:
            return self._several(of, _IN_TURN[name])
        if name == "values":
            return of.replace(_EITHER, f" {self._words.gettext(_EITHER.strip())} ")
        return of if name in _NAMES else _figure(of, self._language)


@cache
def _compiled(forms: tuple[str, ...]) -> _Forms:
    """Forms as patterns, those with the most words of their own first."""
    return tuple(
        (re.compile(_pattern(form), re.IGNORECASE | re.DOTALL), form)
        for form in sorted(forms, key=lambda form: -len(_GAP.sub("", form)))
    )


def _pattern(form: str) -> str:
    parts = _GAP.split(form.removesuffix("."))
    own = (re.escape(part.replace("%%", "%")) for part in parts[::2])
    gaps = (f"(?P<{name}>{_held_by(name)})" for name in parts[1::2])
    return "".join(piece for pair in zip(own, [*gaps, ""], strict=True) for piece in pair)


def _held_by(gap: str) -> str:
    if gap in ("clock", "until"):
        return _CLOCK
    return ".+?" if gap in _NAMES or gap in _IN_TURN or gap == "values" else _FIGURE


def _figure(text: str, language: str) -> str:
    bare = text.removesuffix("%")
    digits, is_signed = len(bare.partition(".")[2]), bare.startswith("+")
    if bare != text:
        return percent(float(bare) / 100, digits, language=language)
    return number(float(bare), digits, sign=is_signed, language=language)
