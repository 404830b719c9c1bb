"""The text of `.env.example`, made from the settings (`python -m cli.env_example` prints it)."""

import sys
from textwrap import wrap

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from core.settings import Settings

_HEAD = """\
# Every setting of Pointsman. Copy this file to .env and take the # away from what you change;
# what the environment says wins over the file. Written by `python -m cli.env_example`.
# In the names, _s means seconds and _tokens means tokens of the encoder.
"""
_UNITS = {"_s": "seconds", "_tokens": "tokens", "_days": "days", "_tickets": "tickets"}
_WIDTH = 96


def env_example() -> str:
    """The whole text: each setting with its description, unit, range and default."""
    entries = [_entry(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join([_HEAD, *entries])


def _entry(name: str, field: FieldInfo) -> str:
    inside = ", ".join(word for word in (_unit(name), _range(field)) if word)
    words = f"{field.description}{f' ({inside})' if inside else ''}"
    comment = [f"# {line}" for line in wrap(words, _WIDTH)]
    return "\n".join([*comment, f"#POINTSMAN_{name.upper()}={_default(field)}", ""])


def _unit(name: str) -> str:
    return next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")


def _range(field: FieldInfo) -> str:
    least = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    most = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    if least is None:
        return "over 0" if any(isinstance(bound, Gt) for bound in field.metadata) else ""
    return f"{least} or more" if most is None else f"{least} to {most}"


def _default(field: FieldInfo) -> str:
    """The default as the environment would say it; empty where it is worked out or unset."""
    unset = field.default is None or field.default is PydanticUndefined
    return "" if unset else str(field.default)


if __name__ == "__main__":
    sys.stdout.write(env_example())
