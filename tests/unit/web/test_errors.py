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
