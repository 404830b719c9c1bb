import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from core.errors import Invalid
from core.settings import Settings
from web.app import make_app
from web.security import POLICY


@pytest.fixture
def client() -> TestClient:
    urls = {
        "database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        "redis_url": SecretStr("redis://127.0.0.1:1/0"),
    }
    return TestClient(make_app(Settings(**urls)))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/health/live", "/static/console.css", "/nowhere"])
def test_every_answer_forbids_what_is_not_ours(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_the_policy_allows_nothing_inline_and_no_framing() -> None:
    assert "unsafe" not in POLICY
    assert "default-src 'none'" in POLICY
    assert "frame-ancestors 'none'" in POLICY


def test_style_script_and_mark_are_served(client: TestClient) -> None:
    for name, kind in (
        ("shell.css", "css"),
        ("shell.js", "javascript"),
        ("vendor/htmx.min.js", "javascript"),
        ("mark.svg", "svg"),
    ):
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]


def test_no_page_of_others_is_offered(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/static/../app.py").status_code == 404


@pytest.mark.parametrize("missing", ["database_url", "redis_url"])
def test_a_missing_url_is_named(missing: str) -> None:
    urls = {"database_url": SecretStr("postgresql://x"), "redis_url": SecretStr("redis://x")}
    del urls[missing]
    with pytest.raises(Invalid, match=f"POINTSMAN_{missing.upper()}"):
        make_app(Settings(**urls))  # type: ignore[arg-type]
