"""What text is allowed in, and what text the classifiers read.

`clean_text` stands at every door: PostgreSQL refuses NUL and lone surrogates, so they must not
get past it. `model_text` is the one place that turns a subject and a body into classifier input.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from html import unescape

from selectolax.lexbor import LexborHTMLParser

REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HTML = re.compile(
    r"<(?:!doctype|html|body|div|p|br|span|table|td|ul|ol|li|a|b|i|strong|em|pre|h[1-6])\b[^<>]*>",
    re.IGNORECASE,
)
_BLOCK_END = re.compile(r"</(?:p|div|li|tr|h[1-6]|pre|table)>|<br\s*/?>", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\u00a0]+")
_BLANK_LINES = re.compile(r"\n\s*\n+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanText:
    """Text that every store takes, and how many characters had to be replaced."""

    text: str
    replaced: int


def clean_text(raw: str) -> CleanText:
    """Makes any string storable: NUL and lone surrogates become U+FFFD, other C0 controls go.

    Tab, newline and carriage return stay. The result is in Unicode normal form C.
    """
    if raw.isascii() and raw.isprintable():
        return CleanText(text=raw, replaced=0)
    text, replaced = _UNSTORABLE.subn(REPLACEMENT, raw)
    return CleanText(text=unicodedata.normalize("NFC", _CONTROL.sub("", text)), replaced=replaced)


def plain_text(text: str) -> str:
    """Text without mark-up: HTML is reduced to what a reader would see, other text is kept."""
    if not _HTML.search(text):
        return text
    tree = LexborHTMLParser(_BLOCK_END.sub(r"\g<0>\n", text))
    for node in tree.css("script, style, head, template"):
        node.decompose()
    seen = tree.body.text() if tree.body else ""
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", unescape(seen))).strip()


def model_text(subject: str, body: str) -> str:
    """What the classifiers read: subject and body as plain text, a newline between them."""
    return f"{plain_text(subject)}\n{plain_text(body)}".strip()


def text_hash(text: str) -> bytes:
    """SHA-256 (32 bytes) of the UTF-8 text; a decision keeps it as its input hash."""
    return hashlib.sha256(text.encode()).digest()
