from pathlib import Path

import numpy as np
import pytest

from classifier.artifacts import Artifact
from classifier.linear import LinearModel
from classifier.transformer import load_network
from core.errors import ArtifactInvalid, Invalid
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.served import some_texts
from trainer.labels.added_label import NewLabel, background_of
from trainer.labels.operated import Note, operate
from trainer.labels.surgery import Body, merge_groups, regrouped, with_new

_NOTE = Note(sentence="refund is called <cash>.", change={"kind": "rename"})


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    return build_tiny_artifact(tmp_path / "artifact")


def _renamed(body: Body) -> Body:
    return regrouped(body, merge_groups(body.labels, ("refund",), "cash"))


def test_an_operated_artifact_is_whole_and_says_what_was_done(
    artifact: Artifact, tmp_path: Path
) -> None:
    made = operate(artifact, tmp_path / "models" / "new", _renamed, _NOTE)
    made.verify(*made.manifest.files)
    assert made.labels == ("billing", "login", "cash", "shipping")
    assert made.version != artifact.version
    [change] = made.manifest.facts.training["label_changes"]
    assert change == {"parent": artifact.version, "kind": "rename"}
    assert "refund is called <cash>." in (made.path / "README.md").read_text()
    texts = some_texts(10, 1)
    old, new = (load_network(x, device="cpu", threads=1).predict(texts) for x in (artifact, made))
    assert np.array_equal(old, new)
    assert np.array_equal(
        LinearModel.load(artifact).predict(texts), LinearModel.load(made).predict(texts)
    )
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["new"]


def test_every_change_stays_in_the_history(artifact: Artifact, tmp_path: Path) -> None:
    def added(body: Body) -> Body:
        background = background_of(body.served, some_texts(30, 2))
        return with_new(body, NewLabel(name="odd", description="twice"), background)

    first = operate(artifact, tmp_path / "first", _renamed, _NOTE)
    second = operate(first, tmp_path / "second", added, Note(sentence="", change={"kind": "add"}))
    parents = [x["parent"] for x in second.manifest.facts.training["label_changes"]]
    assert parents == [artifact.version, first.version]
    texts = some_texts(10, 1)
    old, new = (load_network(x, device="cpu", threads=1).predict(texts) for x in (first, second))
    assert np.array_equal(old, new[:, : len(LABELS)])


def test_a_change_that_cannot_be_made_leaves_nothing_behind(
    artifact: Artifact, tmp_path: Path
) -> None:
    with pytest.raises(Invalid):
        operate(artifact, tmp_path / "models" / "new", lambda body: regrouped(body, []), _NOTE)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "linear.json", "metrics.json"])
def test_a_damaged_artifact_is_not_operated_on(
    artifact: Artifact, tmp_path: Path, name: str
) -> None:
    with (artifact.path / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(ArtifactInvalid, match=name):
        operate(artifact, tmp_path / "new", _renamed, _NOTE)
