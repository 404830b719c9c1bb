from pathlib import Path

import pytest
from sqlalchemy import Engine

from cli.main import main
from core.types import Role
from store.access.api_tokens import caller_of
from store.engine import transaction
from tests.integration.cli.conftest import Run


def test_a_created_token_opens_doors_until_it_is_revoked(run: Run, engine: Engine) -> None:
    status, made = run("tokens", "create", "shop", "--role", "helpdesk", "--expires-days", "30")
    assert (status, made["name"], made["role"]) == (0, "shop", "helpdesk")
    assert made["expires_at"] > made["created_at"]
    caller = transaction(engine, lambda c: caller_of(c, made["token"]))
    assert caller is not None
    assert (caller.name, caller.role) == ("shop", Role.HELPDESK)
    assert run("tokens", "revoke", "shop") == (0, {"revoked": "shop"})
    assert transaction(engine, lambda c: caller_of(c, made["token"])) is None


def test_the_list_tells_everything_but_the_secret(run: Run) -> None:
    made = run("tokens", "create", "shop", "--role", "helpdesk")[1]
    run("tokens", "revoke", "shop")
    run("tokens", "create", "shop", "--role", "ops")
    listed = run("tokens", "list")[1]
    assert [token["role"] for token in listed["tokens"]] == ["helpdesk", "ops"]
    assert [token["revoked_at"] is None for token in listed["tokens"]] == [False, True]
    assert made["token"] not in str(listed)


def test_a_narrowed_token_is_rotated_and_keeps_its_scopes(run: Run, engine: Engine) -> None:
    scopes = ("--scope", "tickets:write", "--scope", "feedback:write")
    first = run("tokens", "create", "shop", "--role", "helpdesk", *scopes)[1]
    second = run("tokens", "rotate", "shop")[1]
    assert first["scopes"] == second["scopes"] == ["feedback:write", "tickets:write"]
    assert second["old_secret_until"] is not None
    for made in (first, second):
        caller = transaction(engine, lambda c, made=made: caller_of(c, made["token"]))  # type: ignore[misc]
        assert caller is not None
        assert caller.scopes == frozenset(scopes[1::2])


def test_a_token_is_bound_to_sources_and_the_list_says_so(run: Run, engine: Engine) -> None:
    sources = ("--source", "shop", "--source", "a shop")
    made = run("tokens", "create", "shop", "--role", "helpdesk", *sources)[1]
    assert made["sources"] == ["shop", "a shop"]
    assert run("tokens", "list")[1]["tokens"][0]["sources"] == made["sources"]
    caller = transaction(engine, lambda c: caller_of(c, made["token"]))
    assert caller is not None
    assert caller.sources == ("shop", "a shop")


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "shop", "--role", "ops"],
        ["create", " ", "--role", "ops"],
        ["create", "x", "--role", "king"],
        ["create", "x", "--role", "ops", "--scope", "tickets:eat"],
        ["create", "x", "--role", "ops", "--source", ""],
        ["rotate", "nobody"],
        ["revoke", "nobody"],
    ],
)
def test_a_name_that_is_taken_or_unknown_is_a_bad_argument(run: Run, arguments: list[str]) -> None:
    run("tokens", "create", "shop", "--role", "helpdesk")
    assert run("tokens", *arguments)[0] == 2


def test_a_person_sees_the_secret_once_and_then_only_its_life(
    configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tokens", "create", "shop", "--role", "agent"]) == 0
    secret = capsys.readouterr().out.splitlines()[0]
    assert secret.startswith("pointsman_")
    assert main(["tokens", "list"]) == 0
    out = capsys.readouterr().out
    assert secret not in out
    assert "never used" in out
