import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from classifier.artifacts import open_artifact, publish
from classifier.linear import LinearModel, terms
from classifier.scoring import Calibration, Thresholds
from core.errors import ArtifactInvalid
from tests.factories.artifacts import (
    LABELS,
    WORDS,
    build_tiny_artifact,
    build_tiny_linear,
    tiny_facts,
)

texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), max_size=6)


def test_terms_are_words_and_pairs_in_lower_case() -> None:
    assert terms("Where's my RÜCKSENDUNG? a b") == [
        *("where", "my", "rücksendung"),
        *("where my", "my rücksendung"),
    ]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=texts)
def test_it_scores_as_the_vectorizer_that_the_trainer_fits(texts: list[str]) -> None:
    vectorizer = TfidfVectorizer(analyzer=terms, sublinear_tf=True, dtype=np.float32)
    vectorizer.fit([" ".join(WORDS), "refund late", "refund refund please"])
    vocabulary = vectorizer.get_feature_names_out()
    coef = np.random.default_rng(0).normal(size=(len(vocabulary), 4)).astype(np.float32)
    model = LinearModel(
        vocabulary=tuple(vocabulary),
        idf=vectorizer.idf_.astype(np.float32),
        coef=coef,
        intercept=np.arange(4, dtype=np.float32),
        calibration=Calibration.identity(LABELS),
        cutoffs=Thresholds.uniform(LABELS),
    )
    expected = vectorizer.transform(texts) @ coef + np.arange(4) if texts else np.zeros((0, 4))
    np.testing.assert_allclose(model.logits(texts), expected, atol=1e-5)


def test_a_text_of_unknown_words_gets_the_intercept() -> None:
    model = build_tiny_linear()
    assert model.predict(["", "zzz ???"]).tolist() == [[0.5] * 4] * 2


def test_the_calibration_is_applied() -> None:
    plain = build_tiny_linear()
    bent = LinearModel(
        vocabulary=plain.vocabulary,
        idf=plain.idf,
        coef=plain.coef,
        intercept=plain.intercept,
        calibration=Calibration(labels=LABELS, slope=(0.0,) * 4, intercept=(0.0,) * 4),
        cutoffs=plain.cutoffs,
    )
    assert bent.predict(["refund"]).tolist() == [[0.5] * 4]


def test_it_survives_its_files(tmp_path: Path) -> None:
    artifact = build_tiny_artifact(tmp_path / "artifact", seed=2)
    loaded, built = LinearModel.load(artifact), build_tiny_linear(seed=2)
    sample = ["refund please", "where is my order"]
    assert loaded.predict(sample).tolist() == built.predict(sample).tolist()
    assert loaded.labels == LABELS
    assert dict(loaded.thresholds) == dict.fromkeys(LABELS, 0.5)
    assert loaded.calibration_version == built.calibration_version


def test_it_loads_from_a_folder_that_lost_its_network(tmp_path: Path) -> None:
    folder = build_tiny_artifact(tmp_path / "artifact").path
    for file in folder.iterdir():
        if file.name not in ("manifest.json", "linear.json", "linear.safetensors"):
            file.unlink()
    assert LinearModel.load(open_artifact(folder)).predict(["refund"]).shape == (1, 4)


def test_serving_it_imports_neither_torch_nor_sklearn(tmp_path: Path) -> None:
    folder = build_tiny_artifact(tmp_path / "artifact").path
    code = (
        "import sys; from pathlib import Path; from classifier.artifacts import open_artifact;"
        "from classifier.linear import LinearModel;"
        "LinearModel.load(open_artifact(Path(sys.argv[1]))).predict(['refund']);"
        "assert not {'torch', 'sklearn', 'scipy', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("linear.json", b"{}"),
        ("linear.json", b"[]"),
        ("linear.safetensors", (2).to_bytes(8, "little") + b"{}"),
        ("linear.safetensors", (2).to_bytes(8, "little") + b"[]"),
    ],
)
def test_files_that_are_no_linear_model_are_refused(
    tmp_path: Path, name: str, content: bytes
) -> None:
    folder = build_tiny_artifact(tmp_path / "artifact").path
    (folder / name).write_bytes(content)
    artifact = publish(folder, tmp_path / "changed", tiny_facts(LABELS))
    with pytest.raises(ArtifactInvalid, match="linear"):
        LinearModel.load(artifact)


def test_arrays_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = build_tiny_artifact(tmp_path / "artifact").path
    other = build_tiny_artifact(tmp_path / "other", labels=("a", "b")).path
    (folder / "linear.safetensors").write_bytes((other / "linear.safetensors").read_bytes())
    artifact = publish(folder, tmp_path / "changed", tiny_facts(LABELS))
    with pytest.raises(ArtifactInvalid, match=r"coef is not \(20, 4\)"):
        LinearModel.load(artifact)
