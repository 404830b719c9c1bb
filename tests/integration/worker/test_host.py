from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from classifier.artifacts import Artifact
from core.errors import Invalid
from core.types import Rung
from router.policy import parse_policy
from store.engine import transaction
from store.rules import rulesets
from store.rules.taxonomy import Label, add_labels
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.models import install
from worker.host import Host


@pytest.fixture
def artifact(engine: Engine, tmp_path: Path) -> Artifact:
    made = build_tiny_artifact(tmp_path / "artifact")
    install(engine, made)
    return made


@pytest.fixture
def host(engine: Engine) -> Host:
    transaction(engine, lambda c: add_labels(c, [Label(name="refund", keywords=("money back",))]))
    return Host(engine, device="cpu", threads=1)


def _rung(host: Host) -> Rung:
    host.refresh()
    return host.serving.scorer.rung


def test_the_best_rung_serves_the_network(host: Host, artifact: Artifact) -> None:
    assert _rung(host) is Rung.MODEL
    assert host.serving.scorer.versions.model == artifact.version


def test_without_its_weights_an_artifact_still_serves_its_linear_model(
    host: Host, artifact: Artifact
) -> None:
    (artifact.path / "model.safetensors").rename(artifact.path.parent / "hidden")
    assert _rung(host) is Rung.LINEAR
    (artifact.path.parent / "hidden").rename(artifact.path / "model.safetensors")
    assert _rung(host) is Rung.MODEL


def test_without_the_artifact_the_keywords_serve_until_it_is_back(
    host: Host, artifact: Artifact
) -> None:
    hidden = artifact.path.rename(artifact.path.parent / "hidden")
    assert _rung(host) is Rung.KEYWORDS
    hidden.rename(artifact.path)
    assert _rung(host) is Rung.MODEL


def test_without_model_and_keywords_the_default_serves(engine: Engine) -> None:
    assert _rung(Host(engine, device="cpu", threads=1)) is Rung.DEFAULT


def test_weights_of_one_flipped_bit_are_not_served(host: Host, artifact: Artifact) -> None:
    weights = artifact.path / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    assert _rung(host) is Rung.LINEAR


def test_a_network_in_memory_serves_on_when_its_files_go(host: Host, artifact: Artifact) -> None:
    assert _rung(host) is Rung.MODEL
    artifact.path.rename(artifact.path.parent / "hidden")
    assert _rung(host) is Rung.MODEL


def test_another_active_version_is_served_after_a_refresh(
    engine: Engine, host: Host, artifact: Artifact, tmp_path: Path
) -> None:
    assert _rung(host) is Rung.MODEL
    newer = build_tiny_artifact(tmp_path / "newer", seed=1)
    install(engine, newer)
    host.refresh()
    assert host.serving.scorer.versions.model == newer.version


def test_a_saved_ruleset_is_served_after_a_refresh(engine: Engine, host: Host) -> None:
    host.refresh()
    document = {"default_department": "service-desk", "rules": []}
    saved = transaction(engine, lambda c: rulesets.save(c, document, author="ops", note=""))
    host.refresh()
    assert host.serving.ruleset_version == saved


def test_a_broken_rung_is_left_and_the_next_one_serves(host: Host, artifact: Artifact) -> None:
    assert _rung(host) is Rung.MODEL
    assert host.step_down(host.serving.scorer).scorer.rung is Rung.LINEAR
    assert _rung(host) is Rung.LINEAR


def test_the_thresholds_behind_a_version_are_kept(
    engine: Engine, host: Host, artifact: Artifact
) -> None:
    host.refresh()
    with engine.connect() as connection:
        row = connection.execute(text("SELECT version, thresholds FROM threshold_sets")).one()
    assert row.version == host.serving.policy.version
    assert parse_policy(row.thresholds) == host.serving.policy


def test_a_ruleset_that_cannot_be_read_is_not_served(engine: Engine, host: Host) -> None:
    host.refresh()
    serving = host.serving
    broken = {"default_department": "service-desk", "rules": [{"id": "no order"}]}
    transaction(engine, lambda c: rulesets.save(c, broken, author="ops", note="by hand"))
    with pytest.raises(Invalid):
        host.refresh()
    assert host.serving is serving
