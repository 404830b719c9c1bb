"""The shapes of departments over HTTP."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from web.api.words import CLEANED

DEPARTMENT_EXAMPLE: dict[str, Any] = {
    "name": "billing",
    "description": "Invoices, payments and refunds",
    "is_default": False,
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


def _asked(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"example": value})


# A name stands in paths, where a slash would end it.
Name = Annotated[
    str, Field(max_length=200, pattern=r"^[^\s/\x00-\x1f]([^/\x00-\x1f]*[^\s/\x00-\x1f])?$")
]
_Text = Annotated[str, Field(max_length=1_000), CLEANED]


class Department(BaseModel):
    """Who takes tickets; the default one is for tickets while no rules are there."""

    model_config = ConfigDict(from_attributes=True, **_example(DEPARTMENT_EXAMPLE))

    name: str
    description: str
    is_default: bool


class Departments(BaseModel):
    """Every department in use, by name."""

    model_config = _example({"departments": [DEPARTMENT_EXAMPLE]})

    departments: list[Department]


class NewDepartment(BaseModel):
    """A department to be."""

    model_config = _asked({"name": "billing", "description": "Invoices, payments and refunds"})

    name: Annotated[Name, CLEANED]
    description: _Text = ""


class DepartmentChange(BaseModel):
    """What should be otherwise; what is absent stays. `is_default` can only be given, not taken."""

    model_config = _asked({"description": "Invoices, payments, refunds and dunning"})

    description: _Text | None = None
    is_default: bool | None = None


class NewName(BaseModel):
    """What a department should be called."""

    model_config = _asked({"name": "accounts"})

    name: Annotated[Name, CLEANED]


class Renamed(BaseModel):
    """The department under its new name, and the revision of the rules that follows it, if any."""

    model_config = _example(
        {"department": {**DEPARTMENT_EXAMPLE, "name": "accounts"}, "ruleset_version": 13}
    )

    department: Department
    ruleset_version: int | None


class Retired(BaseModel):
    """The department that is out of use."""

    model_config = _example({"retired": "billing"})

    retired: str
