"""docs/reference/settings.md: every setting with its unit, range and default."""

from cli.reference.tables import code, table
from core.setting_words import default_of, env_name, limits_of
from core.settings import Settings

_HEAD = """\
# Settings

Every setting, read from the environment or from a file `.env` in the working directory; what the
environment says wins. Each process reads them once, when it starts. `.env.example` is the same list
to copy from.

"""


def settings_page() -> str:
    """The page."""
    rows = [
        (code(env_name(name)), field.description or "", limits_of(name, field), _default(field))
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + table(("name", "what it does", "unit and range", "default"), rows)


def _default(field: object) -> str:
    return code(default_of(field))  # type: ignore[arg-type]
