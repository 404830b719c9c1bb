from pathlib import Path

import pytest

from core.setting_words import KnownSetting, Source, known_settings
from core.settings import Settings


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "POINTSMAN_LEASE_S=31\nPOINTSMAN_LOG_LEVEL=ERROR\nPOINTSMAN_REDIS_URL=redis://x:hush@h\n"
    )
    monkeypatch.setenv("POINTSMAN_LOG_LEVEL", "WARNING")


def _told(**given: object) -> dict[str, KnownSetting]:
    settings = Settings(**given)  # type: ignore[arg-type]
    return {known.name.removeprefix("POINTSMAN_"): known for known in known_settings(settings)}


@pytest.mark.usefixtures("at_home")
def test_each_value_says_where_it_came_from() -> None:
    told = _told(http_port=8081)
    assert set(told) == {name.upper() for name in Settings.model_fields}
    seen = {name: (told[name].value, told[name].source) for name in ("LEASE_S", "LOG_LEVEL")}
    assert seen == {"LEASE_S": ("31", Source.FILE), "LOG_LEVEL": ("WARNING", Source.ENVIRONMENT)}
    assert (told["HTTP_PORT"].value, told["HTTP_PORT"].source) == ("8081", Source.START)
    assert (told["HTTP_HOST"].source, told["HTTP_HOST"].default) == (Source.DEFAULT, "127.0.0.1")
    assert told["LEASE_S"].limits == "seconds, over 0"


@pytest.mark.usefixtures("at_home")
def test_secrets_are_never_told() -> None:
    told = _told()
    assert (told["REDIS_URL"].is_secret, told["REDIS_URL"].is_set) == (True, True)
    assert (told["DATABASE_URL"].is_secret, told["DATABASE_URL"].is_set) == (True, False)
    assert "hush" not in str(told)
