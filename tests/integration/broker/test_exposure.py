from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from broker.exposure import FIXED, answers_strangers, has_known_holes, refuse_exposed, weaknesses
from core.errors import Invalid, Transient
from core.settings import Settings
from tests.factories.redis_server import RedisServer


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server without a password."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


def _settings(url: str, **changes: object) -> Settings:
    return Settings(redis_url=SecretStr(url), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("line", "fixed"), FIXED.items())
def test_each_line_is_sound_from_its_fixed_version_on(line: tuple[int, int], fixed: int) -> None:
    name = f"{line[0]}.{line[1]}"
    assert has_known_holes(f"{name}.{fixed - 1}")
    assert not has_known_holes(f"{name}.{fixed}")


@pytest.mark.parametrize(
    ("version", "holes"),
    [("6.0.20", True), ("7.0.15", True), ("8.0.9", True), ("8.12.0", False), ("9.0.0", False)],
)
def test_lines_without_fixes_are_old_and_later_ones_new(version: str, holes: bool) -> None:
    assert has_known_holes(version) is holes


@pytest.mark.parametrize("version", ["", "seven", "7.2", "7.2.x"])
def test_a_version_that_nobody_can_read_is_not_trusted(version: str) -> None:
    assert has_known_holes(version)


def test_a_server_without_a_password_answers_strangers_also_who_know_another(
    open_server: RedisServer,
) -> None:
    assert answers_strangers(open_server.url)
    assert answers_strangers(open_server.url.replace("//", "//:guess@"))
    assert "Redis answers without a password" in weaknesses(open_server.url, patched=True)


def test_a_user_with_a_password_beside_an_open_default_user_is_not_enough(
    open_server: RedisServer,
) -> None:
    with open_server.client() as client:
        client.acl_setuser("worker", enabled=True, passwords=["+hush"], categories=["+@all"])
        url = open_server.url.replace("//", "//worker:hush@")
        assert answers_strangers(url)
        client.acl_setuser("default", enabled=False)
    assert not answers_strangers(url)
    with redis.Redis.from_url(url) as ours:
        assert ours.ping()


def test_ours_asks_strangers_for_a_password(redis_url: str) -> None:
    assert not answers_strangers(redis_url)
    assert list(weaknesses(redis_url, patched=True)) == []


def test_in_production_no_process_starts_on_an_open_server(open_server: RedisServer) -> None:
    refuse_exposed(_settings(open_server.url), open_server.url)
    with pytest.raises(Invalid, match="without a password"):
        refuse_exposed(_settings(open_server.url, production=True), open_server.url)


def test_in_production_old_versions_need_a_word_from_who_runs_them(redis_url: str) -> None:
    with pytest.raises(Invalid, match="known holes"):
        refuse_exposed(_settings(redis_url, production=True), redis_url)
    refuse_exposed(_settings(redis_url, production=True, redis_patched=True), redis_url)


def test_a_server_that_is_away_is_not_waited_for() -> None:
    away = "redis://127.0.0.1:1/0"
    with pytest.raises(Transient):
        answers_strangers(away)
    refuse_exposed(_settings(away, production=True), away)
