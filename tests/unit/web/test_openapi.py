from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.settings import Settings
from core.ticket_json import parse_ticket
from web.access import ACCESS
from web.api.tickets.schemas import TICKET_EXAMPLE
from web.app import make_app
from web.problems import KINDS

_DOCS = Path(__file__).parent.parent.parent.parent / "docs" / "api.md"


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    urls = {
        "database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        "redis_url": SecretStr("redis://127.0.0.1:1/0"),
    }
    return make_app(Settings(**urls)).openapi()  # type: ignore[arg-type]


def _operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_closed_door_says_how_it_is_opened_and_refused(description: dict[str, Any]) -> None:
    closed = [found for found in _operations(description) if ACCESS[found[0], found[1]] is not None]
    assert len(closed) >= 3
    for _method, _path, operation in closed:
        assert operation["security"] == [{"HTTPBearer": []}, {"Session": []}]
        assert {"401", "403", "429", "503"} <= operation["responses"].keys()


def test_every_problem_has_an_example_of_its_own_type(description: dict[str, Any]) -> None:
    shown = 0
    for _method, _path, operation in _operations(description):
        for status, answer in operation["responses"].items():
            problems = answer.get("content", {}).get("application/problem+json")
            for name, example in (problems or {}).get("examples", {}).items():
                assert example["value"]["type"] == f"/problems/{name}"
                assert example["value"]["status"] == int(status) == KINDS[name].status
                shown += 1
    assert shown > 10


def test_every_answer_of_the_api_has_an_example(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    for name in ("AcceptedTicket", "AcceptedTickets", "TicketList", "TicketRecord"):
        assert schemas[name]["example"]


def test_the_example_of_a_ticket_is_one_that_is_accepted() -> None:
    assert parse_ticket(TICKET_EXAMPLE).deadline is not None


def test_the_documentation_lists_every_problem() -> None:
    text = _DOCS.read_text(encoding="utf-8")
    for name, kind in KINDS.items():
        assert f"| `/problems/{name}` | {kind.status} |" in text
