"""The language of a whole page, as a browser asks for it."""

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.factories.callers import a_person, sign_in


@pytest.mark.parametrize(
    ("accepted", "lang", "words"),
    [("de-DE,de;q=0.9,en;q=0.8", "de", "Abteilung"), ("fr", "en", "Department")],
)
def test_a_page_comes_in_the_language_that_the_browser_prefers(
    client: TestClient, engine: Engine, accepted: str, lang: str, words: str
) -> None:
    a_person(engine)
    sign_in(client)
    page = client.get("/", headers={"accept-language": accepted})
    assert page.status_code == 200
    assert f'<html lang="{lang}">' in page.text
    assert f"<span>{words}</span>" in page.text
