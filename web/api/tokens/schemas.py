"""The shapes of tokens."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.types import Role
from store.access.api_tokens import MAX_NAME_CHARS, Wanted
from web.access import SCOPES
from web.api.words import SAID, Word

_MOMENT = "2026-03-01T09:30:00Z"
_TOKEN = {
    "id": 3,
    "name": "zendesk",
    "role": "helpdesk",
    "scopes": ["tickets:write"],
    "sources": ["zendesk"],
    "created_by": "ann@example.com",
    "created_at": _MOMENT,
    "expires_at": "2027-03-01T09:30:00Z",
    "last_used_at": None,
    "revoked_at": None,
    "old_secret_until": None,
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


def known_scope(scope: str) -> str:
    """A scope that some door asks for.

    Raises:
        ValueError: none does.
    """
    if scope not in SCOPES:
        raise ValueError(f"a scope is one of {', '.join(SCOPES)}")
    return scope


_Scope = Annotated[
    str, AfterValidator(known_scope), Field(json_schema_extra={"enum": list(SCOPES)})
]


class NewToken(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "zendesk",
                "role": "helpdesk",
                "scopes": ["tickets:write"],
                "sources": ["zendesk"],
                "expires_days": 365,
            }
        },
    )

    name: Annotated[
        str,
        Field(min_length=1, max_length=MAX_NAME_CHARS),
        SAID,
    ]
    role: Role
    scopes: Annotated[list[_Scope], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="the only doors of the role that it opens; all of them if absent"
    )
    sources: Annotated[list[Word], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="whose tickets alone it reaches, the first being what it sends as; "
        "everybody's if absent",
    )
    expires_days: Annotated[float, Field(gt=0, le=36_500)] | None = Field(
        default=None, description="void after so many days; never if absent"
    )

    def wanted(self) -> Wanted:
        """As the store wants it."""
        days = self.expires_days
        return Wanted(
            name=self.name,
            role=self.role,
            scopes=None if self.scopes is None else tuple(self.scopes),
            sources=None if self.sources is None else tuple(self.sources),
            lifetime=None if days is None else timedelta(days=days),
        )


class TokenShape(BaseModel):
    """A token without its secret."""

    model_config = ConfigDict(from_attributes=True, **_example(_TOKEN))

    id: int
    name: str
    role: Role
    scopes: list[str] | None
    sources: list[str] | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    old_secret_until: datetime | None = Field(
        description="until then the secret before the last rotation is good too"
    )


class TokenWithSecret(TokenShape):
    """A token with the one look at its secret, `token`."""

    model_config = _example(
        {**_TOKEN, "token": "pointsman_3q27wKxJtZ0a9fW1bVhYc8dQeRmUoLkTgSiXyZ4E5u"}
    )

    token: str


class TokenPage(BaseModel):
    """A page. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"tokens": [_TOKEN], "next": None})

    tokens: list[TokenShape]
    next: str | None
