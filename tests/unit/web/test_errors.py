import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from core.errors import Invalid, Permanent, PointsmanError, StateLocked, Transient
from web.errors import add_error_answers


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("labels.0", "is too long", "shorten it"), 422),
        (Transient("PostgreSQL is away"), 503),
        (StateLocked("held"), 503),
        (Permanent("refused"), 500),
    ],
)
def test_each_kind_of_error_has_its_code(error: PointsmanError, status: int) -> None:
    app = FastAPI()
    add_error_answers(app)

    @app.get("/")
    def fail() -> None:
        raise error

    answer = TestClient(app).get("/")
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in answer.headers) == (status == 503)
    assert answer.json().get("field") == (error.field if isinstance(error, Invalid) else None)
    assert "PostgreSQL" not in answer.text


def test_a_path_names_all_its_methods_to_whom_asks_for_another() -> None:
    app = FastAPI()
    add_error_answers(app)
    app.get("/things")(lambda: None)
    app.put("/things")(lambda: None)
    answer = TestClient(app).delete("/things")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")


@pytest.mark.parametrize("body", [b"\xe9", b"\xff\x00", b"{"])
def test_a_body_that_is_no_json_is_invalid(body: bytes) -> None:
    app = FastAPI()
    add_error_answers(app)

    @app.post("/things")
    def make(body: dict[str, str]) -> None:
        pass

    answer = TestClient(app).post(
        "/things", content=body, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "body")
