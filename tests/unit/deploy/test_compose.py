"""What `docker-compose.yml` and the Dockerfile say, against the code that they start."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import app
from core.settings import Settings

_ROOT = Path(__file__).parents[3]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text())
_DOCKERFILE = (_ROOT / "Dockerfile").read_text()
_OURS = {
    name: service
    for name, service in _COMPOSE["services"].items()
    if service["image"].startswith("pointsman:")
}
_TORCH = {"worker", "trainer"}


def test_the_services_are_those_of_a_whole_system() -> None:
    modules = {service["command"][2] for service in _OURS.values() if "-m" in service["command"]}
    assert modules == {"web", "worker", "worker.beat", "trainer", "deliver"}


@pytest.mark.parametrize("name", _OURS)
def test_a_service_runs_a_program_that_its_image_has(name: str) -> None:
    program, *rest = _OURS[name]["command"]
    if program == "pointsman":
        assert rest[0] in {command.name for command in app.registered_commands}
        return
    assert (program, rest[0]) == ("python", "-m")
    assert importlib.util.find_spec(rest[1]) is not None
    assert _OURS[name]["image"] == f"pointsman:{'torch' if rest[1] in _TORCH else 'light'}"


@pytest.mark.parametrize("name", _OURS)
def test_a_service_can_write_to_its_state_alone_and_gains_no_rights(name: str) -> None:
    service = _OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [volume.split(":")[0] for volume in service["volumes"]] == ["models"]
    assert service["depends_on"].get("migrate") or name == "migrate"


@pytest.mark.parametrize("name", sorted(set(_COMPOSE["services"]) - {"migrate"}))
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    """Its own, or the one that the web's image has."""
    asks = _COMPOSE["services"][name].get("healthcheck", {}).get("test")
    if name == "web":
        assert asks is None
        assert "/health/live" in _DOCKERFILE[_DOCKERFILE.index("FROM base AS light") :]
        return
    assert asks[0] == "CMD"
    if name in _OURS:
        assert asks[1:-1] == ["python", "-m", "core.alive"]
        assert f"POINTSMAN_ALIVE_FILE={asks[-1]}\n" in _DOCKERFILE
        assert Path(asks[-1]).parent == Path(*_OURS[name]["tmpfs"])


def test_every_variable_is_a_setting_and_every_volume_is_declared() -> None:
    given = {key for service in _OURS.values() for key in service["environment"]}
    given |= set(re.findall(r"\b(POINTSMAN_\w+)=", _DOCKERFILE))
    known = {f"POINTSMAN_{field.upper()}" for field in Settings.model_fields}
    assert given <= known
    used = {v.split(":")[0] for s in _COMPOSE["services"].values() for v in s.get("volumes", ())}
    ours = {place for place in used if place.startswith("./")}
    assert used - ours == set(_COMPOSE["volumes"])
    assert all((_ROOT / place).is_dir() for place in ours)


def test_each_gpu_has_one_worker_that_sees_no_other() -> None:
    seen = []
    for service in _OURS.values():
        if service["command"][2:] == ["worker", "--device", "cuda:0"]:
            (device,) = service["deploy"]["resources"]["reservations"]["devices"]
            seen += device["device_ids"]
    assert seen == sorted(set(seen))
    assert seen


def test_nothing_secret_stands_in_the_file_and_only_the_web_is_reached_from_outside() -> None:
    text = (_ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert len(re.findall(rf"\${{{name}:\?", text)) == len(re.findall(rf"\${{{name}", text))
    open_ = {name: s["ports"] for name, s in _COMPOSE["services"].items() if s.get("ports")}
    assert open_.pop("grafana") == ["127.0.0.1:3000:3000"]
    assert open_.keys() == {"web"}


def test_the_images_get_every_package_and_do_not_run_as_root() -> None:
    packages = set(_packages())
    kept = set(re.findall(r"^!(\w+)/$", (_ROOT / ".dockerignore").read_text(), re.M))
    assert kept == packages | {"samples"}
    assert _DOCKERFILE.index("USER pointsman") < _DOCKERFILE.index("FROM base AS torch")


def _packages() -> list[str]:
    found = re.search(r"^include = \[(.*)\]$", (_ROOT / "pyproject.toml").read_text(), re.M)
    assert found is not None
    return re.findall(r'"(\w+)\*"', found[1])
