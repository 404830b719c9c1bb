"""Where an export keeps the fields of a ticket, and what its labels are called here; kept as data.

A field is found by the name of its column or key, or else by a path: keys with dots between, a
number for a place in a list, `key=value` for the first element that has it, as in
`custom_fields.id=360001.value`. (Not JMESPath: fifty characters of it can double a list ten times,
and here callers send both the expression and the list.) What is not mapped is found where the
export's format has it (`core.history.formats`).
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from core.errors import Invalid
from core.text import clean_text

MAX_PATH_CHARS = 200
MAX_LABEL_NAMES = 5_000
_BETWEEN_LABELS = re.compile(r"[;|,\n]")

FieldName = Literal[
    "id",
    "subject",
    "body",
    "channel",
    "language",
    "customer",
    "priority",
    "created_at",
    "labels",
    "department",
]
_Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(lambda name: clean_text(name).text),
]
_Path = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PATH_CHARS)]


class HistoryMapping(BaseModel):
    """How to read an export: all of it may be left out.

    Attributes:
        fields: field of a ticket to a column's name or a path.
        labels: a label as the export calls it to its name here; null leaves it out.
        only_named: leave out every label that `labels` does not name.
        unlabelled: what becomes of a row without any label left: refused, or kept as one that no
            label fits. By default only an explicit empty list in ticket JSON is kept, since a
            ticket that nobody tagged says nothing.
    """

    model_config = ConfigDict(extra="forbid")

    fields: dict[FieldName, _Path] = Field(default_factory=dict)
    labels: Annotated[dict[_Name, _Name | None], Field(max_length=MAX_LABEL_NAMES)] = Field(
        default_factory=dict
    )
    only_named: bool = False
    unlabelled: Literal["refuse", "keep"] | None = None


AS_IT_IS = HistoryMapping()
"""Everything is where the format has it."""


def mapped(row: Mapping[str, Any], mapping: HistoryMapping) -> dict[str, Any]:
    """The fields that the mapping names, as the row has them; None where it has none."""
    return {field: found(row, path) for field, path in mapping.fields.items()}


def found(row: Mapping[str, Any], path: str) -> Any:
    """What stands at a path, None where there is nothing; a whole key is tried first."""
    if path in row:
        return row[path]
    value: Any = row
    for step in path.split("."):
        value = _step(value, step)
    return value


def label_names(said: object, mapping: HistoryMapping) -> list[str] | None:
    """Labels under their names here, each once; None where the row has no word on them.

    Args:
        said: a list, or a text with `;`, `|`, `,` or line ends between labels, or JSON of a list.
        mapping: what they are called here.

    Raises:
        Invalid: it is neither list nor text.
    """
    if said is None:
        return None
    listed = (clean_text(name).text.strip() for name in _listed(said))
    names = (mapping.labels.get(n, None if mapping.only_named else n) for n in listed if n)
    return list(dict.fromkeys(name for name in names if name is not None))


def _listed(said: object) -> list[str]:
    if isinstance(said, str):
        said = _of_json(said) if said.lstrip().startswith("[") else _BETWEEN_LABELS.split(said)
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        fix = "send a list of strings, or a text with `;` between labels"
        raise Invalid("labels", "is neither a list of strings nor a string", fix)
    return said


def _of_json(said: str) -> object:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return _BETWEEN_LABELS.split(said)


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if not isinstance(value, list):
        return None
    key, is_search, wanted = step.partition("=")
    if is_search:
        return next((e for e in value if isinstance(e, dict) and str(e.get(key)) == wanted), None)
    is_place = step.isascii() and step.isdigit() and len(step) < 10
    return value[int(step)] if is_place and int(step) < len(value) else None
