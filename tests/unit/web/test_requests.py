import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from structlog.contextvars import get_contextvars

from core.errors import Transient
from web.errors import add_error_answers
from web.requests import RequestIds


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.add_middleware(RequestIds)
    add_error_answers(app)

    @app.get("/known")
    def known() -> dict[str, str]:
        return dict(get_contextvars())

    @app.get("/away")
    def away() -> None:
        raise Transient("gone")

    @app.get("/broken")
    def broken() -> None:
        raise ValueError("secret words")

    return TestClient(app, raise_server_exceptions=False)


def test_a_callers_own_id_comes_back_and_is_in_what_is_logged(client: TestClient) -> None:
    answer = client.get("/known", headers={"x-request-id": "web-1:7"})
    assert answer.headers["x-request-id"] == "web-1:7"
    assert answer.json() == {"request_id": "web-1:7"}


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\tb", '"quoted"'])
def test_an_id_that_would_upset_a_log_is_replaced(client: TestClient, given: str) -> None:
    first = client.get("/known", headers={"x-request-id": given}).headers["x-request-id"]
    second = client.get("/known").headers["x-request-id"]
    assert given != first
    assert len(first) == 32
    assert first != second


def test_a_problem_carries_the_id(client: TestClient) -> None:
    answer = client.get("/away", headers={"x-request-id": "r-1"})
    assert (answer.status_code, answer.json()["request_id"]) == (503, "r-1")


def test_what_nobody_foresaw_is_a_problem_that_tells_nothing(client: TestClient) -> None:
    answer = client.get("/broken")
    assert answer.json()["type"] == "/problems/failed"
    assert "secret" not in answer.text


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("POST", 405)])
def test_the_frameworks_own_refusals_are_problems_too(
    client: TestClient, method: str, status: int
) -> None:
    answer = client.request(method, "/nowhere" if status == 404 else "/known")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code == status
