"""A file that says what labels are about."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.errors import Invalid

_DESCRIPTIONS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


def read_descriptions(file: Path) -> dict[str, str]:
    """Label to description, which may be empty, from a JSON object of strings.

    Raises:
        Invalid: the file cannot be read or holds something else.
    """
    try:
        return _DESCRIPTIONS.validate_json(file.read_bytes(), strict=True)
    except OSError as error:
        problem = error.strerror or "cannot be read"
        raise Invalid(str(file), problem, "name a readable file") from error
    except ValidationError as error:
        fix = 'write {"refund": "Money back for something paid"}'
        raise Invalid(str(file), "is no JSON object of label and description", fix) from error
