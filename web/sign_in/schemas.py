"""The shapes of signing in, and of who one is."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.passwords import MAX_CHARS
from core.types import Role
from store.access.people import MAX_NAME_CHARS

_CSRF = "3f1c0a7be9d24c5e8a6b1f0d7c2e9b4a5d8f3e6c1b0a9d7e4f2c5b8a1d6e3f90"
_Password = Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]


class Credentials(BaseModel):
    """What somebody signs in with."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "ann@example.com", "password": "four unrelated words here"}
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=r"^[\w.@+|:-]+$")]
    password: _Password


class PasswordChange(BaseModel):
    """A password for another."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "current": "four unrelated words here",
                "new": "five other unrelated words instead",
            }
        },
    )

    current: _Password
    new: _Password


class Me(BaseModel):
    """Who asks, as Pointsman knows them.

    `scopes` is null where nothing narrows the role, `sources` where tickets of all are there.
    `csrf_token` is null for tokens, which need none; a page sends it as `X-CSRF-Token` with all
    that changes something.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "person",
                "name": "ann@example.com",
                "role": "ops",
                "scopes": None,
                "sources": None,
                "csrf_token": _CSRF,
            }
        }
    )

    kind: Literal["person", "token"]
    name: str
    role: Role
    scopes: list[str] | None
    sources: list[str] | None
    csrf_token: str | None
