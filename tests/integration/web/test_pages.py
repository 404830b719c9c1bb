import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from store.engine import transaction
from store.queue.tickets import accept
from tests.factories.callers import a_person, sign_in, web_settings
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket, tickets
from web.app import make_app


@pytest.fixture
def browser(client: TestClient, engine: Engine) -> TestClient:
    a_person(engine)
    sign_in(client)
    return client


def test_decisions_appear_on_the_page_last_decided_first(
    browser: TestClient, engine: Engine
) -> None:
    for subject in ("First <b>", "Second"):
        ticket = a_ticket(subject, subject=subject)
        transaction(engine, lambda c, t=ticket: accept(c, [t], source="shop"))  # type: ignore[misc]
        decide_all(engine)
    page = browser.get("/")
    assert page.status_code == 200
    assert page.text.index("Second") < page.text.index("First &lt;b&gt;")
    assert "rule late-parcels" in page.text


def test_the_newest_decisions_are_shown_whatever_waits_behind_them(
    browser: TestClient, engine: Engine
) -> None:
    transaction(engine, lambda c: accept(c, tickets(2), source="shop"))
    decide_all(engine)
    transaction(engine, lambda c: accept(c, tickets(100, prefix="later"), source="shop"))
    board = browser.get("/board").text
    assert board.count('class="card') == 2
    assert "<dd>100</dd>" in board


def test_a_board_that_did_not_change_is_not_sent_again(browser: TestClient, engine: Engine) -> None:
    first = browser.get("/board")
    tag = {"if-none-match": first.headers["etag"]}
    assert browser.get("/board", headers=tag).status_code == 304
    transaction(engine, lambda c: accept(c, tickets(1), source="shop"))
    decide_all(engine)
    assert browser.get("/board", headers=tag).status_code == 200


def test_a_whole_system_is_ready(client: TestClient) -> None:
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    for dependency in ("postgres", "redis"):
        assert answer.json()["dependencies"][dependency]["latency_ms"] > 0


def test_without_redis_the_web_still_serves(postgres_url: str, engine: Engine) -> None:
    with TestClient(make_app(web_settings(postgres_url, "redis://127.0.0.1:1/0"))) as client:
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        a_person(engine)
        sign_in(client)
        assert client.get("/").status_code == 200


def test_without_a_database_everything_says_so(redis_url: str) -> None:
    settings = web_settings("postgresql://x@127.0.0.1:1/none", redis_url)
    with TestClient(make_app(settings)) as client:
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200
        browser = {"cookie": "pointsman-session=any", "accept": "text/html"}
        page = client.get("/", headers=browser)
        assert (page.status_code, "this needs is away" in page.text) == (503, True)
        program = client.get("/board", headers={"cookie": "pointsman-session=any"})
        assert program.headers["content-type"] == "application/problem+json"
        assert "pointsman_database_up 0.0" in client.get("/metrics").text


def test_a_database_without_tables_is_not_ready(empty_database_url: str, redis_url: str) -> None:
    with TestClient(make_app(web_settings(empty_database_url, redis_url))) as client:
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert "pointsman migrate" in answer.json()["dependencies"]["postgres"]["detail"]


def test_metrics_come_from_the_database(client: TestClient, engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, tickets(3), source="shop"))
    metrics = client.get("/metrics").text
    assert 'pointsman_tickets_waiting{state="accepted"} 3.0' in metrics
    assert "pointsman_database_up 1.0" in metrics
