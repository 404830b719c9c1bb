import io
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.passwords import fits
from store.access import people
from store.access.people import Lockout
from store.engine import transaction
from tests.integration.cli.conftest import Run

_PASSWORD = "four unrelated words here"


def _opens(engine: Engine, name: str, password: str) -> bool:
    lockout = Lockout(failures=9, time=timedelta(minutes=1))
    attempt = transaction(engine, lambda c: people.begin_attempt(c, name, lockout))
    return attempt is not None and fits(password, attempt.password_hash)


def _type(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(words))


def test_who_is_added_has_the_password_that_was_made_or_that_a_file_holds(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, made = run("people", "add", "ann@example.com", "--role", "ops")
    assert (status, made["name"], made["role"]) == (0, "ann@example.com", "ops")
    assert _opens(engine, "ann@example.com", made["password"])
    file = tmp_path / "password"
    file.write_text(f"{_PASSWORD}\n", encoding="utf-8")
    arguments = ("people", "add", "bob", "--role", "admin", "--password-file")
    assert run(*arguments, str(file))[1]["password"] is None
    assert _opens(engine, "bob", _PASSWORD)
    _type(monkeypatch, "five other unrelated words\nnot this\n")
    assert run("people", "password", "bob", "--password-file", "-")[0] == 0
    assert _opens(engine, "bob", "five other unrelated words")


def test_a_life_from_role_to_role_out_and_in_again(run: Run, engine: Engine) -> None:
    secret = run("people", "add", "ann@example.com", "--role", "ops")[1]["password"]
    assert run("people", "role", "Ann@Example.com", "approver")[1]["role"] == "approver"
    assert run("people", "disable", "ann@example.com")[1]["disabled_at"] is not None
    assert not _opens(engine, "ann@example.com", secret)
    out = run("people", "list")[1]["people"]
    assert [(one["name"], one["role"]) for one in out] == [("ann@example.com", "approver")]
    assert secret not in str(out)
    assert run("people", "enable", "ann@example.com")[1]["disabled_at"] is None
    assert _opens(engine, "ann@example.com", secret)


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "ANN", "--role", "ops"],
        ["add", "a b", "--role", "ops"],
        ["add", "bob", "--role", "king"],
        ["add", "bob", "--role", "ops", "--password-file", "/nowhere"],
        ["add", "bob", "--role", "ops", "--password-file", "-"],
        ["role", "nobody", "ops"],
        ["disable", "nobody"],
        ["password", "nobody"],
    ],
)
def test_what_cannot_be_is_a_bad_argument(
    run: Run, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("people", "add", "ann", "--role", "ops")
    _type(monkeypatch, "short\n")
    assert run("people", *arguments)[0] == 2
