"""The catalogues against the words of the pages, and which language a reader gets."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from tests.factories.visits import a_visit
from web.console.pages import Pages
from web.console.words import ENGLISH, catalogues, language_of, translator

_ROOT = Path(__file__).parents[4]
_LOCALE = _ROOT / "web" / "locale"
_LANGUAGES = sorted(set(catalogues()) - {ENGLISH})
_PART = re.compile(r"%\(\w+\)[a-z]|%.|\{\w*\}|</?\w+[^>]*>|[<>&\"]")
"""What a translation keeps: placeholders of Python and of the scripts, and markup."""


@cache
def _said() -> Mapping[str, list[str]]:
    """Where each message stands in the pages, as `make words` finds them."""
    with (_LOCALE / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    found: dict[str, list[str]] = {}
    for path, line, message, _, _ in extract_from_dir(
        _ROOT, methods, options, directory_filter=lambda at: Path(at).is_relative_to(_ROOT / "web")
    ):
        for each in [message] if isinstance(message, str) else message:
            found.setdefault(each, []).append(f"{path}:{line}")
    return found


@cache
def _catalogue(language: str) -> Catalog:
    with (_LOCALE / language / "LC_MESSAGES" / "web.po").open("rb") as file:
        return read_po(file, locale=language)


def _messages(language: str) -> list[Message]:
    return [message for message in _catalogue(language) if message.id]


def _forms(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


@pytest.mark.parametrize("language", _LANGUAGES)
def test_a_catalogue_holds_the_words_of_the_pages_and_no_others(language: str) -> None:
    kept = {form for message in _messages(language) for form in _forms(message.id)}
    missing = {message: _said()[message] for message in _said().keys() - kept}
    assert (missing, kept - _said().keys()) == ({}, set()), "run `make words` and translate"


@pytest.mark.parametrize("language", _LANGUAGES)
def test_every_word_is_translated(language: str) -> None:
    untold = [each.id for each in _messages(language) if each.fuzzy or not all(_forms(each.string))]
    assert untold == [], f"translate these in web/locale/{language}"


@pytest.mark.parametrize("language", _LANGUAGES)
def test_a_translation_keeps_placeholders_and_markup(language: str) -> None:
    for message in _messages(language):
        kept = Counter(_PART.findall(_forms(message.id)[-1]))
        for form in filter(None, _forms(message.string)):
            assert Counter(_PART.findall(form)) == kept, message.id


def test_every_message_can_be_filled_in() -> None:
    """Templates fill each message in with `%`, one without placeholders too."""
    for message, places in _said().items():
        values = dict.fromkeys(re.findall(r"%\((\w+)\)", message), "x")
        try:
            message % values
        except (TypeError, ValueError) as wrong:
            pytest.fail(f"{places}: {message!r}: {wrong}; a percent sign is written `%%`")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("DE", "de"),
        ("fr, de;q=0.4, en;q=0.3", "de"),
        ("en, de", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=0, en", "en"),
        ("de;q=much", "en"),
    ],
)
def test_the_first_language_that_the_pages_speak_is_taken(
    accepted: str | None, language: str
) -> None:
    assert language_of(accepted) == language


@pytest.mark.parametrize(("language", "words"), [("de-DE", "Zurück zur"), ("fr", "Back to the")])
def test_a_page_comes_in_the_language_of_its_reader(language: str, words: str) -> None:
    problem = {"title": "There is no such thing", "status": 404, "fix": ""}
    page = Pages().html(a_visit(language=language), "problem.html", problem=problem)
    assert f'<html lang="{language_of(language)}">' in page
    assert words in page


@pytest.mark.parametrize("language", sorted(catalogues()))
def test_what_is_in_no_catalogue_is_said_as_it_is_and_escaped(language: str) -> None:
    assert translator(language)("<b>50 % off</b>") == "&lt;b&gt;50 %% off&lt;/b&gt;"
