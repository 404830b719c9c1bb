from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from classifier.transformer import padded
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_file
from trainer.data.dataset import read_dataset
from trainer.fit import embeddings
from trainer.fit.corpus import Corpus, Job
from trainer.fit.embeddings import Kept
from trainer.fit.fast import fit_fast
from trainer.fit.serving import raw_scores, serving_network
from trainer.job.progress import Silent
from trainer.operating.held_out import choose_operating_point


def _corpus(folder: Path, seed: int) -> Corpus:
    return Corpus.of(read_dataset(labelled_file(folder / f"{seed}.jsonl", 150, seed)), LABELS)


def _job(folder: Path) -> Job:
    encoder = folder / "encoder"
    return Job(
        encoder=encoder if encoder.is_dir() else build_tiny_encoder(encoder),
        max_length=64,
        device="cpu",
        seed=0,
        folder=folder / "work",
        progress=Silent(),
    )


def test_what_was_chosen_on_rows_left_out_holds_on_new_rows(tmp_path: Path) -> None:
    fitted = fit_fast(_corpus(tmp_path, 0), _job(tmp_path))
    point = choose_operating_point(fitted.held_out, seed=0)
    network = serving_network(fitted.model, fitted.tokenizer, point, "cpu")
    fresh = _corpus(tmp_path, 1)
    predicted = point.thresholds.predicted(network.predict(fresh.texts))
    assert (predicted == fresh.truth).mean() > 0.9
    assert fitted.recipe["head_share"] < 1
    assert fitted.model.shape.terms == fitted.recipe["terms"]


def test_the_network_gives_what_the_blend_of_both_parts_gives(tmp_path: Path) -> None:
    """Of training rows it is surer than the rows left out say, in the same direction."""
    fitted = fit_fast(_corpus(tmp_path, 0), _job(tmp_path))
    point = choose_operating_point(fitted.held_out, seed=0)
    network = serving_network(fitted.model, fitted.tokenizer, point, "cpu")
    texts = fitted.held_out.texts
    logits = raw_scores(network, network.encode(texts))
    for label in range(len(LABELS)):
        assert np.corrcoef(logits[:, label], fitted.held_out.logits[:, label])[0, 1] > 0.8
    ids = network.encode(texts[:5])
    with torch.inference_mode():
        alone = fitted.model(*padded(ids, fitted.model.pad_id, "cpu")).numpy()
    assert logits[:5] == pytest.approx(alone, abs=1e-3)


def test_a_run_begun_again_computes_no_features_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, job = _corpus(tmp_path, 0), _job(tmp_path)
    first = fit_fast(corpus, job)
    monkeypatch.delattr(embeddings, "_features")
    again = fit_fast(corpus, job)
    np.testing.assert_array_equal(first.held_out.logits, again.held_out.logits)


def test_another_training_with_another_seed_reads_no_text_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = _corpus(tmp_path, 0)
    job = replace(_job(tmp_path), embeddings=Kept(folder=tmp_path / "kept", most_mib=16))
    first = fit_fast(corpus, job)
    monkeypatch.delattr(embeddings, "_features")
    other = fit_fast(corpus, replace(job, folder=tmp_path / "other", seed=1))
    assert first.features is not None
    assert other.features is not None
    np.testing.assert_array_equal(first.features, other.features)
