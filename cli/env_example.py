"""The text of `.env.example`, made from the settings (`python -m cli.env_example` prints it)."""

import sys
from textwrap import wrap

from pydantic.fields import FieldInfo

from core.setting_words import default_of, env_name, limits_of
from core.settings import Settings

_HEAD = """\
# Every setting of Pointsman. Copy this file to .env and take the # away from what you change;
# what the environment says wins over the file. Written by `python -m cli.env_example`.
# In the names, _s means seconds and _tokens means tokens of the encoder.
"""
_WIDTH = 96


def env_example() -> str:
    """The whole text: each setting with its description, unit, range and default."""
    entries = [_entry(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join([_HEAD, *entries])


def _entry(name: str, field: FieldInfo) -> str:
    inside = limits_of(name, field)
    words = f"{field.description}{f' ({inside})' if inside else ''}"
    comment = [f"# {line}" for line in wrap(words, _WIDTH)]
    return "\n".join([*comment, f"#{env_name(name)}={default_of(field)}", ""])


if __name__ == "__main__":
    sys.stdout.write(env_example())
