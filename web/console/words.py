"""The words of the pages: English stands in the templates, other languages in `web/locale`."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

ENGLISH = "en"
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


def language_of(accepted: str | None) -> str:
    """The first language of an `Accept-Language` header that the pages speak (RFC 9110, 12.5.4)."""
    wanted = [_weighed(part) for part in (accepted or "").split(",")]
    for _, code in sorted(wanted, key=lambda each: -each[0]):
        if code in catalogues():
            return code
    return ENGLISH


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
