from enum import StrEnum

import pytest
from babel.support import NullTranslations

from core.types import Reason, ReviewOutcome, Rung, RunState, TicketState
from store.models.trials import TrialOutcome
from tests.factories.visits import a_visit
from web.console.pages import Pages
from web.console.terms import TERMS, called
from web.console.words import catalogues


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("state", TicketState),
        ("rung", Rung),
        ("reason", Reason),
        ("review", ReviewOutcome),
        ("run", RunState),
        ("trial", TrialOutcome),
    ],
)
def test_every_code_has_its_word(kind: str, codes: type[StrEnum]) -> None:
    assert TERMS[kind].keys() == set(codes)


def test_a_code_is_told_in_the_language_of_the_reader() -> None:
    assert called("linear", "rung", words=NullTranslations()) == "linear model"
    assert called("linear", "rung", words=catalogues()["de"]) == "lineares Modell"


def test_a_code_that_nobody_knows_is_shown_as_it_is_and_stays_text() -> None:
    problem = {"title": "<b>90 % off</b>", "status": 404, "fix": ""}
    page = Pages().html(a_visit(language="de"), "problem.html", problem=problem)
    assert called("<new>", "rung", words=catalogues()["de"]) == "<new>"
    assert "&lt;b&gt;90 % off&lt;/b&gt;" in page
