"""Phrases in a text: whole words, in any case and any spacing."""

import re
from collections.abc import Iterable

# Scripts written without spaces have no whole words: Thai to Khmer, kana, Han.
_WORD = re.compile(r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


class Passage:
    """A text in which phrases are looked for.

    Its white space is put in order, which takes longer than the search, only once the longest
    word of some phrase was found.
    """

    __slots__ = ("_cased", "_spaced")

    def __init__(self, text: str) -> None:
        self._cased = text.casefold()
        self._spaced: str | None = None

    def first_of(self, phrases: "Iterable[Phrase]") -> "Phrase | None":
        """The first of the phrases that occurs without being part of a longer word."""
        for phrase in phrases:
            if phrase.longest_word in self._cased and _has_words(self._in_order(), phrase.folded):
                return phrase
        return None

    def _in_order(self) -> str:
        if self._spaced is None:
            self._spaced = _one_blank(self._cased)
        return self._spaced


class Phrase:
    """One or more words as they are compared; `text` is how the rule has them."""

    __slots__ = ("folded", "longest_word", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = _one_blank(text.casefold())
        self.longest_word = max(self.folded.split(), key=len, default="")


def _one_blank(text: str) -> str:
    """The text with each run of white space as one blank."""
    return " ".join(text.split())


def _has_words(text: str, phrase: str) -> bool:
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        before, after = text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1]
        if not _joins(before) and not _joins(after):
            return True
        start = text.find(phrase, start + 1)
    return False


def _joins(pair: str) -> bool:
    """Whether two neighbouring characters belong to one word."""
    return len(pair) == 2 and all(map(_WORD.match, pair))
