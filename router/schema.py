"""The wire shape of rulesets: what a JSON or YAML document may hold, field by field.

`parse.py` gives it meaning. Whether departments and labels exist is not asked here but by `lint`.
"""

from datetime import UTC, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from core.text import clean_text
from router.conditions import DAYS, Day, TextPart

MAX_RULES = 20_000
MAX_VALUES = 1_000
MAX_ORDER = 1_000_000_000


def _storable(text: str) -> str:
    cleaned = clean_text(text).text.strip()
    if not cleaned:
        raise PydanticCustomError("blank", "is blank")
    return cleaned


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise PydanticCustomError("zone", "is not a known time zone") from error
    return name


def _written(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("moment", "is not a moment in ISO 8601")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("moment", "is beyond the calendar") from error


_Name = Annotated[str, AfterValidator(_storable), Field(max_length=200)]
_Names = Annotated[
    list[_Name],
    Field(min_length=1, max_length=MAX_VALUES),
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
_Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Moment = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_written, json_schema_input_type=AwareDatetime),
    AfterValidator(_in_utc),
]
_From = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
_To = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ScoreShape(_Shape):
    """A score between bounds: at or over `at_least`, under `below`."""

    label: _Name
    at_least: _Score | None = None
    below: _Score | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.at_least is None and self.below is None:
            raise PydanticCustomError("no_bound", "has neither at_least nor below")
        return self


class TextShape(_Shape):
    """Phrases to be found as whole words, in any case."""

    contains: _Names
    part: Annotated[TextPart, Field(alias="in")] = "any"


class HoursShape(_Shape):
    """A half-open interval of the day, on some days of the week."""

    days: Annotated[list[Day], Field(min_length=1, max_length=7)] = list(DAYS)
    start: Annotated[_From, Field(alias="from")] = "00:00"
    end: Annotated[_To, Field(alias="to")] = "24:00"
    zone: Annotated[str, StringConstraints(max_length=100), AfterValidator(_known_zone)]

    @model_validator(mode="after")
    def _is_an_interval(self) -> Self:
        if self.start == self.end:
            raise PydanticCustomError("no_interval", "ends where it begins")
        return self


class MetadataShape(_Shape):
    """What stands under a key of the ticket's metadata: one of these values, or anything."""

    key: _Name
    values: Annotated[_Names | None, Field(alias="is")] = None
    exists: bool | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if (self.values is None) == (self.exists is None):
            raise PydanticCustomError("one_of", "has not exactly one of is and exists")
        return self


class ConditionShape(_Shape):
    """One condition: an object with exactly one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    all: Annotated[list["ConditionShape"], Field(min_length=1, max_length=MAX_VALUES)] | None = None
    any: Annotated[list["ConditionShape"], Field(min_length=1, max_length=MAX_VALUES)] | None = None
    none: Annotated[list["ConditionShape"], Field(min_length=1, max_length=MAX_VALUES)] | None = (
        None
    )
    label: _Name | None = None
    score: ScoreShape | None = None
    channel: _Names | None = None
    language: _Names | None = None
    customer: _Names | None = None
    priority: _Names | None = None
    text: TextShape | None = None
    hours: HoursShape | None = None
    share: _Score | None = None
    metadata: MetadataShape | None = None

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        count = sum(getattr(self, name) is not None for name in self.model_fields_set)
        if count != 1:
            raise PydanticCustomError("one_key", "holds {count} conditions", {"count": count})
        return self


class ThenShape(_Shape):
    """Who takes the ticket."""

    primary: _Name | None = None
    collaborators: _Names | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.primary is None and self.collaborators is None:
            raise PydanticCustomError("nobody", "names no department")
        return self


class RuleShape(_Shape):
    """One rule."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]
    order: Annotated[int, Field(ge=0, le=MAX_ORDER)]
    description: Annotated[str, AfterValidator(_storable), Field(max_length=1_000)] | None = None
    enabled: bool = True
    effective_from: _Moment | None = None
    effective_to: _Moment | None = None
    when: ConditionShape | None = None
    then: ThenShape
    stop: bool = False

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        start, end = self.effective_from, self.effective_to
        if start is not None and end is not None and start >= end:
            raise PydanticCustomError("no_period", "has no time in which it is in effect")
        return self


class RulesetShape(_Shape):
    """Every rule, and the department that takes what no rule takes."""

    default_department: _Name
    rules: Annotated[list[RuleShape], Field(max_length=MAX_RULES)] = []
