from collections.abc import Iterator

import httpx2
import pytest
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.errors import Invalid
from core.types import Role
from store.engine import transaction
from tests.factories.callers import Serve, a_person
from tests.factories.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, oidc_provider


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with oidc_provider() as made:
        yield made


@pytest.fixture
def provider(running: Provider) -> Provider:
    """The provider, telling the truth."""
    running.lies, running.signs_with, running.algorithm = {}, running.key, "RS256"
    running.person = {"sub": "auth|7", "email": "ann@example.com", "email_verified": True}
    return running


@pytest.fixture
def trusting(serve: Serve, provider: Provider) -> Serve:
    """A client of an application that trusts the provider."""
    trusted = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "sign_ins_per_minute": 0,
    }

    def started(**changes: object) -> TestClient:
        client = serve(**{**trusted, **changes})
        client.follow_redirects = False
        return client

    return started


def _there(client: TestClient, next_: str = "") -> str:
    """Goes to the provider; gives the URL that it sends the browser back to."""
    leaves = client.get("/sign-in/oidc", params={"next": next_})
    assert leaves.status_code == 303, leaves.text
    return httpx2.get(leaves.headers["location"]).headers["location"]


def _status(client: TestClient) -> int:
    return client.get(_there(client)).status_code


def test_who_the_provider_knows_is_let_in_and_is_one_person(
    trusting: Serve, engine: Engine
) -> None:
    client = trusting(oidc_default_role="agent")
    for _ in range(2):
        back = client.get(_there(client))
        assert (back.status_code, back.headers["location"]) == (303, "/")
        me = client.get("/v1/me").json()
        assert (me["name"], me["role"]) == ("ann@example.com", "agent")
        assert me["csrf_token"]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM people")).scalar() == 1


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("/rules/history?a=1.5&b=2", "/rules/history?a=1.5&b=2"),
        ("//elsewhere.example.com", "/"),
        ("https://elsewhere.example.com", "/"),
        ("/" + "x" * 1_500, "/"),
    ],
)
def test_the_page_that_was_asked_for_is_where_the_way_ends(
    trusting: Serve, asked: str, goes_to: str
) -> None:
    client = trusting(oidc_default_role="agent")
    assert client.get(_there(client, asked)).headers["location"] == goes_to


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("nonce", "another"),
        ("nonce", None),
        ("aud", "another client"),
        ("aud", None),
        ("iss", "https://elsewhere.example.com"),
        ("exp", 1_600_000_000),
        ("exp", None),
        ("azp", "another client"),
        ("sub", None),
        ("sub", ""),
        ("sub", "a\x00"),
        ("sub", ["7"]),
    ],
)
def test_an_id_token_that_does_not_hold_lets_nobody_in(
    trusting: Serve, provider: Provider, claim: str, value: object
) -> None:
    client = trusting(oidc_default_role="agent")
    provider.lies = {claim: value}
    assert _status(client) == 401
    assert client.get("/v1/me").status_code == 401
    provider.lies = {}
    assert _status(client) == 303


def test_a_signature_of_another_key_or_of_a_shared_secret_is_none(
    trusting: Serve, provider: Provider
) -> None:
    client = trusting(oidc_default_role="agent")
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "1"})
    assert _status(client) == 401
    provider.algorithm = "HS256"
    provider.signs_with = OctKey.import_key(CLIENT_SECRET + "x" * 32, {"kid": "1"})
    assert _status(client) == 401


def test_only_the_browser_that_left_comes_back(trusting: Serve) -> None:
    client, other = trusting(oidc_default_role="agent"), trusting()
    back = _there(client)
    assert other.get(back).status_code == 401, "it never left"
    _there(other)
    assert other.get(back).status_code == 401, "it left on another way"
    forged = back.replace("state=", "state=x")
    assert client.get(forged).status_code == 401
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 401, "a way is gone once"


def test_a_code_is_worth_nothing_without_the_verifier_of_its_browser(trusting: Serve) -> None:
    client, other = trusting(oidc_default_role="agent"), trusting()
    stolen = _there(client).split("code=")[1].split("&")[0]
    own = _there(other)
    mixed = own.replace(own.split("code=")[1].split("&")[0], stolen)
    assert other.get(mixed).status_code == 401


def test_without_a_role_nobody_is_let_in(trusting: Serve, engine: Engine) -> None:
    client = trusting()
    answer = client.get(_there(client))
    assert (answer.status_code, answer.json()["fix"]) == (403, "ask an admin for a role")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM people")).scalar() == 0


def test_roles_come_from_the_claim_at_each_sign_in_the_strongest_counts(
    trusting: Serve, provider: Provider
) -> None:
    client = trusting(oidc_role_claim="groups")
    for groups, role in (("agent", Role.AGENT), (["x", "agent", "ops"], Role.OPS)):
        provider.person["groups"] = groups
        assert _status(client) == 303
        assert client.get("/v1/me").json()["role"] == role
    for nothing in ([], ["king"], [{"a": 1}], 7):
        provider.person["groups"] = nothing
        assert _status(client) == 403, nothing


def test_an_e_mail_address_alone_makes_nobody_somebody_else(
    trusting: Serve, provider: Provider, engine: Engine
) -> None:
    a_person(engine)
    client = trusting(oidc_default_role="agent")
    assert _status(client) == 409
    provider.person["email_verified"] = False
    assert _status(client) == 303
    assert client.get("/v1/me").json()["name"] == "auth|7"


def test_who_is_disabled_stays_out(trusting: Serve, engine: Engine) -> None:
    client = trusting(oidc_default_role="agent")
    assert _status(client) == 303
    out = text("UPDATE people SET disabled_at = clock_timestamp()")
    transaction(engine, lambda c: c.execute(out))
    assert _status(client) == 403
    assert client.get("/v1/me").status_code == 401


def test_the_way_back_is_the_public_address(trusting: Serve) -> None:
    client = trusting(public_url="https://desk.example.com/")
    there = client.get("/sign-in/oidc").headers["location"]
    assert "redirect_uri=https%3A%2F%2Fdesk.example.com%2Fsign-in%2Foidc%2Fcallback" in there


def test_a_provider_that_is_away_or_another_is_unavailable(
    trusting: Serve, provider: Provider
) -> None:
    for issuer in ("http://127.0.0.1:1", f"{provider.issuer}/other"):
        client = trusting(oidc_issuer=issuer)
        answer = client.get("/sign-in/oidc")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")


def test_half_a_provider_keeps_the_process_from_starting(trusting: Serve) -> None:
    with pytest.raises(Invalid, match="POINTSMAN_OIDC_CLIENT_ID"):
        trusting(oidc_client_id=None)


def test_without_a_provider_there_is_no_way(client: TestClient) -> None:
    for path in ("/sign-in/oidc", "/sign-in/oidc/callback"):
        assert client.get(path).status_code == 404
