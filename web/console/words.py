"""The words of the pages: English stands in the templates, other languages in `web/locale`."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from markupsafe import escape

ENGLISH = "en"
LANGUAGE_COOKIE = "language"
N_ = str
"""Marks words that a template translates later, so that they come into the catalogues."""
_CATALOGUE = "LC_MESSAGES/web.po"


@cache
def catalogues() -> Mapping[str, NullTranslations]:
    """Every language that the pages speak, by its code."""
    found: dict[str, NullTranslations] = {ENGLISH: NullTranslations()}
    for folder in (files("web") / "locale").iterdir():
        catalogue = folder / _CATALOGUE
        if catalogue.is_file():
            found[folder.name] = _read(catalogue.read_bytes())
    return found


def translator(language: str) -> Callable[[str], str]:
    """Tells words in a language as HTML; what is nobody's words but a person's text is escaped.

    A template may so say what it got from elsewhere: only what stands in a catalogue is ours.
    """
    catalogue = catalogues()[language]

    def tell(words: str) -> str:
        if words in _ours():
            return catalogue.gettext(words)
        return str(escape(words)).replace("%", "%%")  # which jinja2 then fills values into

    return tell


def languages() -> Mapping[str, str]:
    """What each language that the pages speak is called in itself, by its code."""
    return {code: str(Locale(code).get_display_name(code)).capitalize() for code in catalogues()}


def language_of(accepted: str | None, chosen: str | None = None) -> str:
    """The language of a reader.

    Args:
        accepted: an `Accept-Language` header; the first language of it that the pages speak is
            taken (RFC 9110, 12.5.4).
        chosen: what they chose at their account, which counts more.
    """
    if chosen in catalogues():
        return str(chosen)
    wanted = [_weighed(part) for part in (accepted or "").split(",")]
    for weight, code in sorted(wanted, key=lambda each: -each[0]):
        if weight and code in catalogues():
            return code
    return ENGLISH


@cache
def _ours() -> frozenset[str]:
    """Every English message that is translated into some language."""
    found: set[str] = set()
    for folder in (files("web") / "locale").iterdir():
        catalogue = folder / _CATALOGUE
        if catalogue.is_file():
            messages = read_po(BytesIO(catalogue.read_bytes()))
            found |= {each.id for each in messages if isinstance(each.id, str)}
    return frozenset(found)


def _read(text: bytes) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text)))
    compiled.seek(0)
    return Translations(compiled)


def _weighed(part: str) -> tuple[float, str]:
    code, _, parameter = part.strip().partition(";")
    try:
        weight = float(parameter.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return weight, code.split("-")[0].lower()
