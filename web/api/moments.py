"""Moments as the API takes them: RFC 3339 with a zone; a bare number could mean anything."""

from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError


def _written_out(value: object) -> object:
    if isinstance(value, str) and "-" not in value:
        raise PydanticCustomError("moment", "is no date and time with a zone")
    if isinstance(value, int | float):
        raise PydanticCustomError("moment", "is no date and time with a zone")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
