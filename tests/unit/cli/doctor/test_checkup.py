from pathlib import Path

import pytest

from broker.health import RedisHealth
from cli.doctor import checkup
from core.settings import Settings
from store.health import DatabaseHealth


def _redis(
    version: str = "7.2.4", eviction: str | None = "noeviction", **more: bool
) -> RedisHealth:
    appendonly = more.get("appendonly", True)
    return RedisHealth(version=version, latency_s=0.001, eviction=eviction, appendonly=appendonly)


def _postgres(skew_s: float = 0.0) -> DatabaseHealth:
    return DatabaseHealth(version="18.1", latency_s=0.0012, clock_skew_s=skew_s, migrated=True)


def test_a_sound_redis_is_well() -> None:
    finding = checkup.redis(_redis())
    assert (finding.ok, finding.fix) == (True, "")
    assert "Redis 7.2.4, 1.0 ms" in finding.detail


def test_a_redis_that_hides_its_settings_is_well() -> None:
    assert checkup.redis(RedisHealth(version="7.0", latency_s=0, eviction=None, appendonly=None)).ok


@pytest.mark.parametrize(
    ("found", "fix"),
    [
        (_redis(version="5.0.7"), "6.2"),
        (_redis(eviction="allkeys-lru"), "noeviction"),
        (_redis(appendonly=False), "appendonly yes"),
    ],
)
def test_a_redis_that_would_forget_is_not(found: RedisHealth, fix: str) -> None:
    finding = checkup.redis(found)
    assert not finding.ok
    assert fix in finding.fix


def test_clocks_may_differ_by_two_seconds() -> None:
    assert checkup.clock(_postgres(1.9)).ok
    assert not checkup.clock(_postgres(-2.1)).ok
    assert checkup.postgres(_postgres()).detail == "PostgreSQL 18.1, 1.2 ms"


def test_little_room_on_the_disk_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "LEAST_FREE_BYTES", 1)
    assert checkup.disk(tmp_path / "not" / "made" / "yet").ok
    monkeypatch.setattr(checkup, "LEAST_FREE_BYTES", 2**80)
    assert "POINTSMAN_STATE_DIR" in checkup.disk(tmp_path).fix


def test_an_encoder_that_is_not_here_is_a_finding_and_a_hub_id_is_not(tmp_path: Path) -> None:
    assert not checkup.encoder(Settings(encoder=str(tmp_path))).ok
    assert checkup.encoder(Settings(encoder="google-bert/bert-base-uncased")).ok


def test_a_device_that_is_not_here_is_a_finding() -> None:
    assert checkup.torch_and_device(Settings(device="cpu")).ok
    assert not checkup.torch_and_device(Settings(device="cuda:77")).ok


def test_a_wrong_setting_ends_the_examination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_LEASE_S", "-1")
    (finding,) = checkup.examine()
    assert (finding.name, finding.ok) == ("settings", False)
    assert "POINTSMAN_LEASE_S" in finding.detail
