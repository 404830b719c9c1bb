"""`docker-compose.yml` against the Compose specification, as a parser that follows it reads it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

compose_spec = pytest.importorskip("compose_spec")

_FILE = Path(__file__).parents[3] / "docker-compose.yml"
# ${NAME}, ${NAME:-default} and ${NAME:?why}: Compose fills them in before it reads the rest.
_VARIABLE = re.compile(r"\$\{\w+(?::?([-?])([^}]*))?\}")


def _filled() -> Any:
    def fill(found: re.Match[str]) -> str:
        return found[2] if found[1] == "-" else "given"

    return yaml.safe_load(_VARIABLE.sub(fill, _FILE.read_text()))


def _read(document: Any) -> list[str]:
    names: list[str] = compose_spec.PyCompose.from_json(json.dumps(document)).service_names()
    return names


def test_the_file_is_what_the_specification_says() -> None:
    document = _filled()
    assert set(_read(document)) == set(document["services"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"depends": ["redis"]},
        {"restart": "sometimes"},
        {"healthcheck": {"disabled": True}},
        {"healthcheck": {"interval": "soon"}},
        {"depends_on": {"migrate": {"condition": "service_done"}}},
    ],
    ids=["key", "restart", "health", "duration", "condition"],
)
def test_a_mistake_in_it_would_be_found(wrong: dict[str, Any]) -> None:
    document = _filled()
    document["services"]["web"].update(wrong)
    with pytest.raises(ValueError):
        _read(document)
