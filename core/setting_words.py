"""What can be told of each setting: its unit, its range, its default, and who set it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_args

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, SecretsSettingsSource

from core.settings import Settings

_UNITS = {"_s": "seconds", "_tokens": "tokens", "_days": "days", "_tickets": "tickets"}


class Source(StrEnum):
    """Where a value came from; `start` is what the process was started with by its parent."""

    ENVIRONMENT = "environment"
    FILE = "file"
    START = "start"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSetting:
    """A setting and its value.

    Attributes:
        name: in the environment.
        value: None where it is unset, or a secret.
        is_secret: whether the value is not told.
        is_set: whether it has any.
        limits: unit and range in words; empty where it has neither.
        default: as the environment would say it; empty where it is worked out or unset.
    """

    name: str
    description: str
    value: str | None
    is_secret: bool
    is_set: bool
    limits: str
    default: str
    source: Source


def known_settings(settings: Settings) -> list[KnownSetting]:
    """Every setting in the order of `Settings`; to be asked when the process starts."""
    here, file = EnvSettingsSource(Settings)(), DotEnvSettingsSource(Settings)()
    if settings.secrets_dir is not None:
        file |= SecretsSettingsSource(Settings, settings.secrets_dir)()
    return [
        _known(settings, name, field, _source(settings, name, here, file))
        for name, field in Settings.model_fields.items()
    ]


def env_name(name: str) -> str:
    """How the environment calls a setting."""
    return f"POINTSMAN_{name.upper()}"


def limits_of(name: str, field: FieldInfo) -> str:
    """Unit and range in words: `seconds, over 0`."""
    return ", ".join(word for word in (_unit(name), _range(field)) if word)


def default_of(field: FieldInfo) -> str:
    """The default as the environment would say it; empty where it is worked out or unset."""
    unset = field.default is None or field.default is PydanticUndefined
    return "" if unset else str(field.default)


def _known(settings: Settings, name: str, field: FieldInfo, source: Source) -> KnownSetting:
    value: Any = getattr(settings, name)
    is_secret = SecretStr in (field.annotation, *get_args(field.annotation))
    return KnownSetting(
        name=env_name(name),
        description=field.description or "",
        value=None if value is None or is_secret else str(value).removesuffix(".0"),
        is_secret=is_secret,
        is_set=value is not None,
        limits=limits_of(name, field),
        default=default_of(field),
        source=source,
    )


def _source(settings: Settings, name: str, here: Collection[str], file: Collection[str]) -> Source:
    if name not in settings.model_fields_set:
        return Source.DEFAULT
    if name in here:
        return Source.ENVIRONMENT
    return Source.FILE if name in file else Source.START


def _unit(name: str) -> str:
    return next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")


def _range(field: FieldInfo) -> str:
    least = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    most = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    if least is None:
        return "over 0" if any(isinstance(bound, Gt) for bound in field.metadata) else ""
    return f"{least} or more" if most is None else f"{least} to {most}"
