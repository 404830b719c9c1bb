from pathlib import Path

import pytest

from core.errors import Invalid
from core.settings import load_settings

_URL = "redis://:hush@cache:6379/0"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _env_file(mode: int) -> None:
    Path(".env").write_text(f"POINTSMAN_REDIS_URL={_URL}\n")
    Path(".env").chmod(mode)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_in_production_an_env_file_that_everybody_reads_is_refused(mode: int) -> None:
    _env_file(mode)
    with pytest.raises(Invalid, match=r"open to every user .* chmod 600") as caught:
        load_settings(production=True)
    assert "hush" not in str(caught.value)


def test_elsewhere_and_with_the_right_mode_it_is_read() -> None:
    _env_file(0o644)
    assert load_settings().redis_url is not None
    _env_file(0o640)
    assert load_settings(production=True).redis_url is not None


def test_secrets_may_come_from_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pointsman_redis_url").write_text(f"{_URL}\n")
    monkeypatch.setenv("POINTSMAN_SECRETS_DIR", str(tmp_path))
    found = load_settings()
    assert found.redis_url is not None
    assert found.redis_url.get_secret_value() == _URL
    assert "hush" not in f"{found} {found!r} {found.model_dump()}"


def test_the_environment_wins_over_secret_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pointsman_log_level").write_text("ERROR")
    monkeypatch.setenv("POINTSMAN_SECRETS_DIR", str(tmp_path))
    assert load_settings().log_level == "ERROR"
    monkeypatch.setenv("POINTSMAN_LOG_LEVEL", "DEBUG")
    assert load_settings().log_level == "DEBUG"


def test_a_folder_of_secrets_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_SECRETS_DIR", "/nowhere")
    with pytest.raises(Invalid, match="POINTSMAN_SECRETS_DIR"):
        load_settings()


def test_a_secret_that_is_wrong_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_OIDC_CLIENT_ID", "x")
    monkeypatch.setenv("POINTSMAN_HTTP_PORT", "hush")
    with pytest.raises(Invalid) as caught:
        load_settings()
    assert "hush" not in str(caught.value)
