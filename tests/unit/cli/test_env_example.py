from pathlib import Path

from cli.env_example import env_example
from core.settings import Settings

_FILE = Path(__file__).parent.parent.parent.parent / ".env.example"


def test_the_file_in_the_repository_says_what_the_settings_say() -> None:
    assert _FILE.read_text(encoding="utf-8") == env_example()


def test_every_setting_is_listed_with_its_default() -> None:
    text = env_example()
    for name in Settings.model_fields:
        assert f"#POINTSMAN_{name.upper()}=" in text
    assert "#POINTSMAN_LEASE_S=30\n" in text
    assert "16 to 512" in text


def test_what_it_lists_is_what_runs_without_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    lines = [line.removeprefix("#") for line in env_example().splitlines() if "#POINTS" in line]
    file.write_text("\n".join(line for line in lines if not line.endswith("=")))
    assert Settings(_env_file=file) == Settings(_env_file=None)
