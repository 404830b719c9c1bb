"""The shapes of people."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.types import Role
from store.access.people import MAX_NAME_CHARS

_PERSON = {
    "id": 7,
    "name": "ann@example.com",
    "role": "ops",
    "has_password": True,
    "oidc_issuer": None,
    "version": 1,
    "created_by": "root",
    "created_at": "2026-03-01T09:30:00Z",
    "signed_in_at": None,
    "locked_until": None,
    "disabled_at": None,
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class NewPerson(BaseModel):
    """Somebody to be let in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "ann@example.com", "role": "ops"}},
    )

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_NAME_CHARS,
            pattern=r"^[\w.@+|:-]+$",
            description="an e-mail address or a login; of one spelling whatever the case",
        ),
    ]
    role: Role


class PersonChange(BaseModel):
    """What changes about a person; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"role": "approver"}})

    role: Role | None = None
    disabled: bool | None = Field(
        default=None, description="true ends every session and lets them in no more"
    )

    @model_validator(mode="after")
    def _says_something(self) -> "PersonChange":
        if self.role is None and self.disabled is None:
            raise ValueError("give role, disabled or both")
        return self


class PersonShape(BaseModel):
    """Somebody who may sign in."""

    model_config = ConfigDict(from_attributes=True, **_example(_PERSON))

    id: int
    name: str
    role: Role
    has_password: bool
    oidc_issuer: str | None
    version: int
    created_by: str
    created_at: datetime
    signed_in_at: datetime | None
    locked_until: datetime | None
    disabled_at: datetime | None


class PersonWithPassword(PersonShape):
    """A person with the one look at a password that was made for them."""

    model_config = _example({**_PERSON, "password": "c3VwZXJjYWxpZnJhZ2lsaXN0"})

    password: str


class PersonPage(BaseModel):
    """A page. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"people": [_PERSON], "next": None})

    people: list[PersonShape]
    next: str | None


class WantedPage(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50
