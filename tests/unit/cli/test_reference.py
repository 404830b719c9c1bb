"""The pages of docs/reference are what the code says; `make reference` writes them."""

from pathlib import Path

import pytest

from cli.reference.pages import PAGES

_FOLDER = Path(__file__).parents[3] / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_as_the_code_says(name: str) -> None:
    assert (_FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run `make reference`"
