"""Which way text of others runs: what shows it leaves that to the text."""

import re
from pathlib import Path

import pytest

_TEMPLATES = Path(__file__).parents[4] / "web" / "templates"
_TEXT = re.compile(r'<\w+[^>]*class="[^"]*\bticket-text\b[^>]*>')


@pytest.mark.parametrize(
    "path", sorted(_TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(_TEMPLATES))
)
def test_what_shows_a_tickets_text_takes_its_direction_from_it(path: Path) -> None:
    shown = _TEXT.findall(path.read_text(encoding="utf-8"))
    assert [tag for tag in shown if 'dir="auto"' not in tag] == []
