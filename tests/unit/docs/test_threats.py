"""The tests that docs/security.md names for each threat are there."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_PAGE = _ROOT / "docs" / "security.md"
_NAMED = re.compile(r"`((?:tests/)?[\w/]*test_\w+\.py|tests/\w+)`")


def test_every_threat_names_tests_that_there_are() -> None:
    rows = [line for line in _PAGE.read_text("utf-8").splitlines() if "test" in line[-200:]]
    known = {path.name for path in (_ROOT / "tests").rglob("test_*.py")}
    named = [name for row in rows if row.startswith("|") for name in _NAMED.findall(row)]
    assert len(named) > 40
    assert [n for n in named if "/" in n and not (_ROOT / n).exists()] == []
    assert [n for n in named if "/" not in n and n not in known] == []
