"""What was measured on this machine, kept in the state folder until something that counts changes.

A file that is deleted is measured again; one that cannot be written is measured at each start.
"""

import hashlib
import importlib.metadata
import json
import os
import platform
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import structlog
from pydantic import TypeAdapter, ValidationError

from classifier.content_id import object_id

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_log = structlog.get_logger(__name__)
_LIBRARIES = ("torch", "onnxruntime", "openvino")

T = TypeVar("T")


def machine(threads: int, *more: Any) -> str:
    """A short name of what speed depends on: processor, cores, library versions.

    Args:
        threads: of each library; 0 for its own choice.
        more: what else it depends on, ready for JSON.
    """
    versions = {}
    for name in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return object_id([_processor(), os.cpu_count(), threads, versions, *more])


def recall(file: Path, form: TypeAdapter[T]) -> T | None:
    """What a file holds; None where there is none, or none that can be read."""
    try:
        return form.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def keep(file: Path, measured: "DataclassInstance") -> None:
    """Writes it whole; where it cannot be, the next start measures again."""
    aside = file.with_name(f"{file.name}.{uuid4().hex}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(asdict(measured)), encoding="utf-8")
        aside.replace(file)
    except OSError as error:
        _log.warning("measurement_not_kept", cause=error.strerror)


def _processor() -> str:
    """What the kernel calls the processor and what it can do, as one hash."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    told = sorted({line for line in lines if line.startswith(("model name", "flags"))})
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
