"""Phrases in a text: whole words, in any case and any spacing."""

import re

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

    def holds(self, phrase: "Phrase") -> bool:
        """Whether the phrase occurs without being part of a longer word."""
        if phrase.longest_word not in self._cased:
            return False
        if self._spaced is None:
            self._spaced = _fold(self._cased)
        return _has_words(self._spaced, phrase.folded)


class Phrase:
    """One or more words as they are compared; `text` is how the rule has them."""

    __slots__ = ("folded", "longest_word", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = _fold(text)
        self.longest_word = max(self.folded.split(), key=len, default="")


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


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
