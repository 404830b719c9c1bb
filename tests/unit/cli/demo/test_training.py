from pathlib import Path

import pytest

from cli.demo import training as demo_training
from cli.demo.plan import Plan, make_plan
from cli.demo.training import model_folder, training
from cli.output import Output
from core.errors import Permanent
from core.settings import Settings
from tests.factories.artifacts import build_tiny_artifact


@pytest.fixture
def plan() -> Plan:
    return make_plan(None)


def _settings(folder: Path, encoder: str = "minilm") -> Settings:
    return Settings(state_dir=folder, encoder=encoder)


def test_a_model_is_kept_by_its_data_and_its_encoder(tmp_path: Path, plan: Plan) -> None:
    folder = model_folder(plan, _settings(tmp_path))
    assert folder == model_folder(plan, _settings(tmp_path))
    assert folder != model_folder(plan, _settings(tmp_path, encoder="other"))
    assert folder.name.startswith(plan.mark)


def test_a_model_that_is_there_is_not_trained_again(
    tmp_path: Path, plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = _settings(tmp_path)
    artifact = build_tiny_artifact(model_folder(plan, settings))
    with training(plan, settings, Output(as_json=False)) as model:
        assert model.is_over
        assert model.result().version == artifact.version
    assert "from the cache" in capsys.readouterr().out


def test_a_damaged_model_is_trained_anew(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path)
    monkeypatch.setattr(demo_training, "PRESET", "none-such")
    artifact = build_tiny_artifact(model_folder(plan, settings))
    (artifact.path / "model.safetensors").write_bytes(b"damaged")
    with training(plan, settings, Output(as_json=False)) as model:
        assert not artifact.path.exists()
        while not model.is_over:
            pass
        with pytest.raises(Permanent, match="training failed"):
            model.result()
